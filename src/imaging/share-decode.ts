import type { Sharp } from 'sharp';
import { apply, draw } from './draw.ts';
import { needsSource } from './metadata.ts';
import type { FullOptions } from './options.ts';
import { fromPixels, type Pixels, toPixels } from './pixels.ts';
import type { Wanted } from './plan.ts';
import { type Source, startPipeline } from './source.ts';

/** Starts a pipeline that ends with the pixels of a result. */
export type Draw = (result: Wanted) => Sharp;

/** Prepares drawing the results: from pixels that are decoded once for all of them, or each from the source. */
export async function prepareDrawing(source: Source, results: readonly Wanted[]): Promise<Draw> {
  if (!canShare(results)) return (result) => apply(draw, startPipeline(source, result), result);
  const shared = await decodeForAll(source, results);
  return (result) => apply(draw, fromPixels(shared), withExactSize(result));
}

/** Checks whether the source can be decoded once for several results. */
export function canShare(results: readonly Wanted[]): boolean {
  return results.length > 1 && results.every(fitsSmallerPixels);
}

/** Checks whether a result can be drawn from pixels that are smaller than the source. */
function fitsSmallerPixels({ options, plan }: Wanted): boolean {
  const { frame, gamma, rotate, trim } = options;
  const isWhole = plan.area === undefined && plan.frames === 1 && frame === undefined && trim === undefined;
  return isWhole && gamma === undefined && rotate % 90 === 0 && !needsSource(options);
}

/** Decodes a source once: upright, no larger than the largest result needs, and grey if every result is grey. */
function decodeForAll(source: Source, results: readonly Wanted[]): Promise<Pixels> {
  const { header, size } = source;
  const scale = Math.min(1, Math.max(...results.map(({ plan }) => plan.scale)));
  const scaled = (side: number) => Math.max(1, Math.round(side * scale));
  const image = startPipeline(source).autoOrient();
  const resized = image.resize(scaled(size.width), scaled(size.height), { fit: 'fill' });
  // A transparent image stays in colour, since its background may have a colour.
  const isGrey = !header.hasAlpha && results.every(({ options }) => options.grayscale && !changesColours(options));
  return toPixels(isGrey ? resized.toColourspace('b-w') : resized);
}

/** Checks whether a step depends on the colours of a source, also where the result is grey. */
function changesColours(options: FullOptions): boolean {
  const names = ['threshold', 'brightness', 'lightness', 'contrast', 'normalise'] as const;
  return names.some((name) => options[name] !== undefined);
}

/**
 * Sets the exact size that was planned from the size of the source. A size computed from the shared pixels could differ by a pixel,
 * since their own size is rounded.
 */
function withExactSize(wanted: Wanted): Wanted {
  const { width, height, fit } = wanted.options;
  const isCut = width && height && (fit === 'cover' || fit === 'contain');
  return isCut
    ? wanted
    : { ...wanted, options: { ...wanted.options, ...wanted.plan.drawn, fit: 'fill', enlarge: true } };
}
