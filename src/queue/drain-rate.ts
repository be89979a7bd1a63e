/** Milliseconds of the past by which the rate is told. */
const WINDOW_MS = 60_000;
/** Milliseconds between two samples, at least. */
const SAMPLE_EVERY_MS = 1000;
/** Seconds to wait when nothing is known, and at most. */
const UNKNOWN_SECONDS = 30;
const MOST_SECONDS = 300;

/** Tells how fast the files of a queue end, from their count as it is seen now and then. */
export interface DrainRate {
  /** @param ended files that have ever ended */
  sample(ended: number, now?: number): void;
  /** Whole seconds in which so many files will have ended, from 1 to 300; 30 when none was seen to end. */
  secondsFor(files: number): number;
}

/** Makes a {@link DrainRate} that knows nothing yet. */
export function createDrainRate(): DrainRate {
  let samples: { at: number; ended: number }[] = [];
  return {
    sample(ended, now = Date.now()) {
      const last = samples.at(-1);
      if (last && now - last.at < SAMPLE_EVERY_MS) return;
      // Fewer than before: Redis has lost its count.
      if (last && ended < last.ended) samples = [];
      samples = [...samples.filter(({ at }) => now - at <= WINDOW_MS), { at: now, ended }];
    },

    secondsFor(files) {
      const [first, last] = [samples[0], samples.at(-1)];
      if (!first || !last || last.ended === first.ended) return UNKNOWN_SECONDS;
      const perSecond = ((last.ended - first.ended) / (last.at - first.at)) * 1000;
      return Math.min(MOST_SECONDS, Math.max(1, Math.ceil(files / perSecond)));
    },
  };
}
