import { splitConcurrency } from '../../src/worker/split-concurrency.ts';

test.each([
  [1, [1]],
  [16, [16]],
  [17, [9, 8]],
  [40, [14, 13, 13]],
  [256, Array(16).fill(16)],
])('splits %i children into processes of at most 16', (concurrency, shares) => {
  expect(splitConcurrency(concurrency)).toEqual(shares);
});
