import { median } from '../measure.ts';
import { type Sample, valuesOf } from './samples.ts';
import { type Bound, type SeriesName, series, seriesNames } from './series.ts';

/** Part of a run in which caches and pools fill and the first batches expire. It is not judged. */
const SETTLING = 1 / 5;
/** Blocks of samples whose means the line is fitted to. The samples of a block depend on each other. */
const BLOCKS = 16;
/** Standard errors below the slope from which growth counts: a load that varies by chance has a slope too. */
const CERTAINTY = 2;

/** How a series has changed. */
export interface Growth {
  name: SeriesName;
  unit: string;
  /** Median of the second fifth of the run. */
  begin: number;
  /** Median of the last fifth. */
  end: number;
  perHour: number;
  /** Standard error of `perHour`. */
  error: number;
  limit: string;
  isBounded: boolean;
}

/** Decides for each series whether it grows without end. */
export function judge(samples: readonly Sample[]): Growth[] {
  const duration = samples.at(-1)?.minute ?? 0;
  return seriesNames.map((name) => {
    const bound: Bound = series[name];
    const settled = valuesOf(samples, name).filter(({ minute }) => minute >= duration * SETTLING);
    const between = (from: number, to: number) =>
      median(
        settled.filter(({ minute }) => minute >= duration * from && minute <= duration * to).map(({ value }) => value),
      );
    const [begin, end] = [between(SETTLING, 2 * SETTLING), between(1 - SETTLING, 1)];
    const { perHour, error } = fit(settled);
    const certain = perHour - CERTAINTY * error;
    return { name, unit: series[name].unit, begin, end, perHour, error, ...compare(bound, { begin, end, certain }) };
  });
}

function compare(
  bound: Bound,
  { begin, end, certain }: { begin: number; end: number; certain: number },
): Pick<Growth, 'limit' | 'isBounded'> {
  if ('ratio' in bound) return { limit: `end ≤ ${bound.ratio} × begin`, isBounded: end <= bound.ratio * begin };
  if ('share' in bound) return { limit: `${bound.share * 100} % an hour`, isBounded: certain <= bound.share * begin };
  return { limit: `${bound.perHour} an hour`, isBounded: certain <= bound.perHour };
}

/** Fits a line to the means of blocks by least squares. */
function fit(points: readonly { minute: number; value: number }[]): { perHour: number; error: number } {
  const size = Math.ceil(points.length / BLOCKS);
  const blocks = Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const block = points.slice(index * size, (index + 1) * size);
    return { hour: mean(block.map(({ minute }) => minute / 60)), value: mean(block.map(({ value }) => value)) };
  });
  const [hour, value] = [mean(blocks.map((block) => block.hour)), mean(blocks.map((block) => block.value))];
  const spread = sum(blocks.map((block) => (block.hour - hour) ** 2));
  const perHour = sum(blocks.map((block) => (block.hour - hour) * (block.value - value))) / spread;
  const residuals = sum(blocks.map((block) => (block.value - value - perHour * (block.hour - hour)) ** 2));
  return { perHour, error: Math.sqrt(residuals / (blocks.length - 2) / spread) };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
