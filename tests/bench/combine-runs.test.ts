import { combineRuns } from '../../bench/peers/combine-runs.ts';
import type { Figures } from '../../bench/peers/figures.ts';

/** Figures of a run in which everything measured has the same value. */
function figures(value: number, lost: number): Figures {
  const both = { p50: value, p99: value };
  const latencies = { responseMs: both, fetchedMs: both };
  const load = { imagesPerSecond: value, cpuMsPerImage: value, bytesWrittenPerImage: value, peakMemoryMiB: value };
  return {
    ...{ name: 'a peer', what: 'a description', versions: 'a version', acknowledges: true, isServer: true },
    load: { mixed: { ...load, ...latencies }, large: { ...load, ...latencies } },
    alone: latencies,
    fsyncsPerImage: value,
    killed: { images: 80, acknowledged: 80, lost },
    killedWithRedis: undefined,
  };
}

test('takes the median of each measured value, but counts every image that was lost', () => {
  const [combined] = combineRuns([[figures(9, 0)], [figures(1, 1)], [figures(3, 0)]]);
  expect(combined).toEqual({ ...figures(3, 0), killed: { images: 240, acknowledged: 240, lost: 1 } });
});

test('leaves a single run as it is', () => {
  expect(combineRuns([[figures(2, 1)]])).toEqual([figures(2, 1)]);
});
