import type { ResultFormat } from '../shared/setting-types.ts';
import type { FullOptions } from './options.ts';

/** Maximum cost of all results of one file together, in {@link costOf} pixels. It is the pixels of two results of 4096 × 4096. */
export const MAX_COST = 34_000_000;

/** Encodes that `maxBytes` needs at most: the given quality, and a bisection of those from 10 on. */
const MAX_ENCODES = 8;

/** Cost of AVIF by `effort`. */
const AVIF_COSTS = [2, 4, 4, 6, 40, 70, 103];

/** Cost of encoding a pixel, relative to a step that takes 130 ns of CPU, on a photograph. Measured in `bench/measures/costs.ts`. */
function encodingCost({ format, effort, lossless, colors }: CostOptions): number {
  const costs: Record<ResultFormat, number> = {
    jpeg: 0.1,
    png: colors === undefined ? 0.6 : 7,
    webp: lossless ? 12 : (effort ?? 4) > 4 ? 2 : 0.9,
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

/** Whether a lower quality makes the file of a result smaller. */
export function hasQuality({ format, lossless }: Pick<FullOptions, 'format' | 'lossless'>): boolean {
  return !lossless && ['jpeg', 'webp', 'avif'].includes(format);
}

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

/** Returns an error message if the results of a file together cost more than {@link MAX_COST}. */
export function describeExcess(costs: readonly number[], pixels: number): string | undefined {
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  if (total <= MAX_COST) return undefined;
  const made = `would make ${inMegapixels(pixels)} megapixels of results`;
  if (total <= pixels) return `${made}; the limit is ${inMegapixels(MAX_COST)}`;
  return `${made}, which cost as much as ${inMegapixels(total)} with these options; the limit is ${inMegapixels(MAX_COST)}`;
}

/** Converts pixels to megapixels. Rounds up to one decimal, so that a number just above a limit never looks equal to it. */
export function inMegapixels(pixels: number): number {
  return Math.ceil(pixels / 100_000) / 10;
}
