import { randomOutputs } from '../../scripts/fuzz/random-options.ts';
import { optionDescriptions } from '../../src/imaging/options.ts';
import { seeded } from '../support/random.ts';

test('the fuzzer generates every option, and the same ones for the same seed', () => {
  const generate = () => {
    const random = seeded(1);
    return Array.from({ length: 500 }, () => randomOutputs(random).outputs);
  };
  const sets = generate();
  const used = new Set(sets.flat().flatMap(({ options }) => Object.keys(options)));
  expect(Object.keys(optionDescriptions).filter((name) => !used.has(name))).toEqual([]);
  expect(sets.some((outputs) => outputs.length > 1)).toBe(true);
  expect(generate()).toEqual(sets);
});
