import { judge } from '../../bench/soak/growth.ts';
import type { Sample } from '../../bench/soak/samples.ts';
import { type SeriesName, seriesNames } from '../../bench/soak/series.ts';
import { seeded } from '../support/random.ts';

/** Creates the samples of an hour. All series have the same values. */
function samplesOf(valueAt: (minute: number) => number): Sample[] {
  return Array.from({ length: 720 }, (_, index) => {
    const minute = index / 12;
    const values = Object.fromEntries(seriesNames.map((name) => [name, valueAt(minute)]));
    return { minute, values: values as Sample['values'] };
  });
}

const boundedIn = (samples: Sample[]): SeriesName[] =>
  judge(samples)
    .filter(({ isBounded }) => isBounded)
    .map(({ name }) => name);

test('no series grows that varies around a level', () => {
  const random = seeded(1);
  expect(boundedIn(samplesOf(() => 80 + random(40)))).toEqual(seriesNames);
});

test('no series grows that rises only at the begin', () => {
  expect(boundedIn(samplesOf((minute) => Math.min(100, minute * 10)))).toEqual(seriesNames);
});

test('every series grows that rises by half in an hour, however much it varies', () => {
  const random = seeded(2);
  expect(boundedIn(samplesOf((minute) => 80 + random(40) + (minute / 60) * 50))).toEqual([]);
});

test('the children that were just killed have no values', () => {
  const samples = samplesOf(() => 100).map((sample, index) =>
    index % 5 === 0 ? { ...sample, values: { ...sample.values, 'oldest child, memory': Number.NaN } } : sample,
  );
  expect(boundedIn(samples)).toEqual(seriesNames);
});
