/** What every measure is given. */
export interface Bench {
  /** A tenth of the work: for a first look, not for a figure. */
  isQuick: boolean;
  /** Folder of this run, empty at first and removed at its end. */
  folder: string;
  /** Tells the person who waits how far it is. */
  say(line: string): void;
}

/** One line of a table. */
export interface Row {
  what: string;
  unit: string;
  /** What the service needs or does; a median where it was done several times. */
  ours: number;
  /** What the opponent needs or does. */
  theirs?: number;
  /** How the two compare, as the measure's `ratio` says. */
  ratio?: number;
  atLeast?: number;
  atMost?: number;
}

/** One thing that is measured. */
export interface Measure {
  title: string;
  /** What it is compared with, and why that is the right opponent. */
  opponent: string;
  /** What the ratio is. */
  ratio: string;
  run(bench: Bench): Promise<Row[]>;
}

/**
 * Lets candidates do the same work in turn, so that whatever the machine does meanwhile meets all alike.
 *
 * @param candidates each does its work once and returns the value of interest
 * @param warmups rounds that do not count
 * @returns each candidate's values, in the candidates' order
 */
export async function alternate(
  candidates: readonly ((round: number) => Promise<number>)[],
  { rounds, warmups = 1 }: { rounds: number; warmups?: number },
): Promise<number[][]> {
  const values = candidates.map((): number[] => []);
  for (let round = -warmups; round < rounds; round += 1) {
    // Whoever goes second may profit from what the first has left in a cache, so they take turns in that too.
    const order = [...candidates.keys()];
    for (const index of round % 2 === 0 ? order : order.reverse()) {
      const value = await candidates[index]?.(round);
      if (round >= 0 && value !== undefined) values[index]?.push(value);
    }
  }
  return values;
}

/** The value below which `percent` per cent of the values lie. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

/** The value in the middle. */
export function median(values: readonly number[] | undefined): number {
  return percentile(values ?? [], 50);
}

/** Runs some work and returns the milliseconds that it took. */
export async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
