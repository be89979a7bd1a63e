import { createHostLimit } from '../../src/worker/host-limit.ts';

test('lets as many jobs use a host as it may, whatever other hosts do', () => {
  const limit = createHostLimit(2);
  const leave = limit.enter('a');
  limit.enter('a');
  expect([limit.enter('a'), typeof limit.enter('b')]).toEqual([undefined, 'function']);
  leave?.();
  expect(typeof limit.enter('a')).toBe('function');
});

test('spreads the next attempts of a busy host, so that a thousand jobs make at most 50 a second', () => {
  const limit = createHostLimit(1);
  limit.enter('a');
  const delays = Array.from({ length: 1000 }, () => limit.busyDelayMs('a'));
  expect(delays[0]).toBeGreaterThanOrEqual(1000);
  expect(delays[999]).toBeGreaterThan(15_000);
  expect(limit.busyDelayMs('b')).toBeLessThan(2000);
});
