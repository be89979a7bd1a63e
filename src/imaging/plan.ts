import type { FormatName } from '../shared/setting-types.ts';
import { ImageError } from './image-error.ts';
import { type FullOptions, inMegapixels, outputFault } from './options.ts';

/** Longest side that each file format can express, in pixels. */
const LONGEST_SIDES: Record<FormatName, number> = {
  jpeg: 65_535,
  png: 65_535,
  webp: 16_383,
  avif: 16_384,
  gif: 65_535,
  tiff: 65_535,
};

/** A size in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** What the steps need to know before any pixel is decoded. */
export interface Plan {
  /** How much larger the picture gets; below 1 it shrinks. */
  scale: number;
  /** Size of the result. */
  size: Size;
}

/**
 * Foretells what a resize makes of a picture, or the most that it can: without enlarging, a crop may turn out smaller.
 *
 * @param source size of the picture, upright
 */
export function planResize(source: Size, options: FullOptions): Plan {
  const { width, height } = options.rotate % 180 === 0 ? source : { width: source.height, height: source.width };
  const scales = [options.width && options.width / width, options.height && options.height / height].filter(
    (scale) => scale !== undefined,
  );
  const wanted = options.fit === 'inside' || options.fit === 'contain' ? Math.min(...scales) : Math.max(...scales);
  const scale = options.enlarge ? wanted : Math.min(1, wanted);
  if (options.width && options.height && !['inside', 'outside'].includes(options.fit)) {
    return { scale, size: { width: options.width, height: options.height } };
  }
  return {
    scale,
    size: { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) },
  };
}

/**
 * Refuses from the header what would be too much to decode or to make.
 *
 * @param source size of the picture
 * @param maxPixels pixels that may be decoded
 * @throws {ImageError} that says which bound was overstepped
 */
export function checkBounds(
  source: Size,
  maxPixels: number,
  results: readonly { plan: Plan; options: FullOptions }[],
): void {
  const pixels = source.width * source.height;
  if (pixels > maxPixels) {
    throw new ImageError(`${inMegapixels(pixels)} megapixels, the limit is ${inMegapixels(maxPixels)}`);
  }
  for (const { plan, options } of results) {
    const { width, height } = plan.size;
    const most = LONGEST_SIDES[options.format];
    if (Math.max(width, height) > most) {
      const before = `${source.width}×${source.height} pixels would become ${width}×${height}`;
      throw new ImageError(`${before}, and a side in ${options.format} cannot be longer than ${most}`);
    }
  }
  const fault = outputFault(
    results.map(({ plan, options }) => ({ pixels: plan.size.width * plan.size.height, format: options.format })),
  );
  if (fault) throw new ImageError(`with these options ${source.width}×${source.height} pixels ${fault}`);
}
