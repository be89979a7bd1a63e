/** Time window over which the throughput is measured. */
const WINDOW_MS = 60_000;
/** Minimum time between two samples. */
const SAMPLE_INTERVAL_MS = 1000;
/** Estimate if the throughput is unknown. */
const DEFAULT_SECONDS = 30;
/** Maximum estimate. */
const MAX_SECONDS = 300;

/** Estimates the throughput of a queue from samples of the number of processed files. */
export interface DrainRate {
  /** @param ended number of files that have ever completed or failed */
  sample(ended: number, now?: number): void;
  /** Returns the files per second of the last minute; `undefined` if it is unknown. */
  perSecond(): number | undefined;
  /** Estimates how long the worker needs for a number of files, in whole seconds from 1 to 300. Returns 30 if the rate is unknown. */
  secondsFor(files: number): number;
}

/** Creates a {@link DrainRate} without samples. */
export function createDrainRate(): DrainRate {
  let samples: { at: number; ended: number }[] = [];

  function perSecond(): number | undefined {
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || first === last) return undefined;
    return ((last.ended - first.ended) / (last.at - first.at)) * 1000;
  }

  return {
    perSecond,
    sample(ended, now = Date.now()) {
      const last = samples.at(-1);
      if (last && now - last.at < SAMPLE_INTERVAL_MS) return;
      // A smaller count means that Redis has lost its data.
      if (last && ended < last.ended) samples = [];
      samples = [...samples.filter(({ at }) => now - at <= WINDOW_MS), { at: now, ended }];
    },

    secondsFor(files) {
      const rate = perSecond();
      return rate ? Math.min(MAX_SECONDS, Math.max(1, Math.ceil(files / rate))) : DEFAULT_SECONDS;
    },
  };
}
