import { median } from '../measure.ts';
import type { Figures } from './figures.ts';
import type { Loss } from './loss.ts';

/** Returns the median of each number in values of the same shape. What is not a number comes from the first value. */
function medians<T>(values: readonly T[]): T {
  const [first] = values;
  if (typeof first === 'number') return median(values as readonly number[]) as T;
  if (typeof first !== 'object' || first === null) return first as T;
  const entries = Object.keys(first).map((key) => [key, medians(values.map((value) => value[key as keyof T]))]);
  return Object.fromEntries(entries);
}

/** Adds up losses. A median would hide an image that is lost in one run of three. */
function sum(losses: readonly (Loss | undefined)[]): Loss | undefined {
  return losses.reduce((total, loss) => {
    if (!total || !loss) return total ?? loss;
    const added = Object.entries(loss).map(([key, value]) => [key, value + total[key as keyof Loss]]);
    return Object.fromEntries(added) as unknown as Loss;
  });
}

/** Combines several runs with the same peers: medians of what was measured, and the sums of what was lost. */
export function combineRuns(runs: readonly Figures[][]): Figures[] {
  return (runs[0] ?? []).map((_, at) => {
    const each = runs.map((run) => run[at] as Figures);
    return {
      ...medians(each),
      killed: sum(each.map(({ killed }) => killed)),
      killedWithRedis: sum(each.map(({ killedWithRedis }) => killedWithRedis)),
    };
  });
}
