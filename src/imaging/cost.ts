import type { ResultFormat } from '../shared/setting-types.ts';
import type { FullOptions } from './options.ts';

/** Maximum cost of all results of one file together, in {@link costOf} pixels. It is the pixels of two results of 4096 × 4096. */
export const MAX_COST = 34_000_000;

/** Encodes that `maxBytes` needs at most: the given quality, and a bisection of those from 10 on. */
const MAX_ENCODES = 8;

/** Cost of AVIF by `effort`. */
const AVIF_COSTS = [3, 4, 4, 6, 40, 70, 103];

/**
 * Cost of encoding a pixel, relative to a step that takes 130 ns of CPU, on a photograph. `scripts/worst-options.ts` measures the largest
 * results that the costs allow.
 */
function encodingCost({ format, effort, lossless, colors, progressive }: CostOptions): number {
  const costs: Record<ResultFormat, number> = {
    jpeg: progressive ? 0.5 : 0.1,
    png: colors === undefined ? (progressive ? 1 : 0.6) : 7,
    webp: lossless ? 12 : (effort ?? 4) > 4 ? 2 : 1.2,
    avif: (AVIF_COSTS[effort ?? 2] ?? 4) * (lossless ? 2 : 1),
    gif: 15,
    tiff: 0.1,
  };
  return costs[format];
}

/** Cost of a pixel's way through the steps, in the same unit. */
function drawingCost(options: CostOptions): number {
  const { brightness, saturation, hue, lightness } = options;
  const isModulated = [brightness, saturation, hue, lightness].some((value) => value !== undefined);
  return (
    (options.median === undefined ? 0 : 1) +
    (options.sharpen === undefined ? 0 : 1) +
    (isModulated ? 0.5 : 0) +
    (options.normalise ? 0.5 : 0) +
    (options.watermark ? 1 : 0) +
    (options.round ? 1 : 0)
  );
}

/** Checks whether a lower quality makes the file of a result smaller. */
export function hasQuality({ format, lossless }: Pick<FullOptions, 'format' | 'lossless'>): boolean {
  return !lossless && ['jpeg', 'webp', 'avif'].includes(format);
}

/** Cost of decoding a pixel of the source once more, in the same unit. The first time is free, since every result needs it. */
const DECODING_COST = 0.25;

/** The options that have a cost. */
export type CostOptions = Partial<FullOptions> & Pick<FullOptions, 'format'>;

/**
 * Returns what a result costs, as the number of pixels of a plain JPEG that take as long.
 *
 * @param pixels pixels of all frames of the result
 */
export function costOf(pixels: number, options: CostOptions): number {
  const encodes = options.maxBytes !== undefined && hasQuality(options) ? MAX_ENCODES : 1;
  return pixels * Math.max(1, drawingCost(options) + encodes * encodingCost(options));
}

/**
 * Returns an error message if the results of a file together cost more than {@link MAX_COST}.
 *
 * @param costs cost of each result
 * @param pixels number of pixels of all results
 * @param decoded pixels of the source that are decoded beyond the first time
 */
export function describeExcess(costs: readonly number[], pixels: number, decoded = 0): string | undefined {
  const total = costs.reduce((sum, cost) => sum + cost, decoded * DECODING_COST);
  if (total <= MAX_COST) return undefined;
  const made = `would make ${inMegapixels(pixels)} megapixels of results`;
  const repeated = decoded > 0 ? ` and decode ${inMegapixels(decoded)} more` : '';
  const weighted = total > pixels ? `, which cost as much as ${inMegapixels(total)} with these options` : '';
  return `${made}${repeated}${weighted}; the limit is ${inMegapixels(MAX_COST)}`;
}

/** Converts pixels to megapixels. Rounds up to one decimal, so that a number just above a limit never looks equal to it. */
export function inMegapixels(pixels: number): number {
  return Math.ceil(pixels / 100_000) / 10;
}
