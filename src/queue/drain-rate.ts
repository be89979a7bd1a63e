/** Milliseconds of the window over which the rate is measured. */
const WINDOW_MS = 60_000;
/** Minimum milliseconds between two samples. */
const SAMPLE_EVERY_MS = 1000;
/** Seconds to wait when no rate is known, and the maximum. */
const UNKNOWN_SECONDS = 30;
const MAX_SECONDS = 300;

/** Estimates the throughput of a queue from samples of the number of files that have ended. */
export interface DrainRate {
  /** @param ended files that have ended since the queue exists */
  sample(ended: number, now?: number): void;
  /** Whole seconds in which so many files will end, from 1 to 300; 30 when the throughput is unknown. */
  secondsFor(files: number): number;
}

/** Makes a {@link DrainRate} without samples. */
export function createDrainRate(): DrainRate {
  let samples: { at: number; ended: number }[] = [];
  return {
    sample(ended, now = Date.now()) {
      const last = samples.at(-1);
      if (last && now - last.at < SAMPLE_EVERY_MS) return;
      // A smaller count means that Redis has lost its data.
      if (last && ended < last.ended) samples = [];
      samples = [...samples.filter(({ at }) => now - at <= WINDOW_MS), { at: now, ended }];
    },

    secondsFor(files) {
      const [first, last] = [samples[0], samples.at(-1)];
      if (!first || !last || last.ended === first.ended) return UNKNOWN_SECONDS;
      const perSecond = ((last.ended - first.ended) / (last.at - first.at)) * 1000;
      return Math.min(MAX_SECONDS, Math.max(1, Math.ceil(files / perSecond)));
    },
  };
}
