/** The context of a measure. */
export interface Bench {
  /** Whether to do a tenth of the work, for a first impression. */
  isQuick: boolean;
  /** An empty folder, which is deleted after the measure. */
  folder: string;
  /** Prints the progress. */
  say(line: string): void;
}

/** A row of a table. */
export interface Row {
  what: string;
  unit: string;
  /** Value of the service: the median of several rounds. */
  ours: number;
  /** Value of the baseline. */
  theirs?: number;
  /** Comparison of both, as described by the measure's `ratio`. */
  ratio?: number;
  atLeast?: number;
  atMost?: number;
}

/** A benchmark with its baseline. */
export interface Measure {
  title: string;
  /** The alternative that the service is compared with, and the reason. */
  baseline: string;
  /** Meaning of the ratio. */
  ratio: string;
  run(bench: Bench): Promise<Row[]>;
}

/**
 * Runs the candidates alternately, so that other load on the machine affects all of them alike.
 *
 * @param candidates each does its work once and returns the measured value
 * @param warmups rounds whose values are discarded
 * @returns the values of each candidate, in the order of the candidates
 */
export async function alternate(
  candidates: readonly ((round: number) => Promise<number>)[],
  { rounds, warmups = 1 }: { rounds: number; warmups?: number },
): Promise<number[][]> {
  const values = candidates.map((): number[] => []);
  for (let round = -warmups; round < rounds; round += 1) {
    // Reverse the order in every second round, since the first candidate may warm a cache for the next.
    const order = [...candidates.keys()];
    for (const index of round % 2 === 0 ? order : order.reverse()) {
      const value = await candidates[index]?.(round);
      if (round >= 0 && value !== undefined) values[index]?.push(value);
    }
  }
  return values;
}

/** Returns the value below which `percent` per cent of the values lie. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

export function median(values: readonly number[] | undefined): number {
  return percentile(values ?? [], 50);
}

/** Runs a function and returns its duration in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
