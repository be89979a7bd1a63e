import type { FormatName } from '../shared/setting-types.ts';
import { ImageError } from './image-error.ts';
import { describeExcess, type FullOptions, inMegapixels } from './options.ts';

/** Longest side that each file format can store, in pixels. */
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

/** Facts that the steps of the pipeline need before any pixel is decoded. */
export interface Plan {
  /** Factor by which the image is enlarged; below 1 it is reduced. */
  scale: number;
  /** Size of the result. */
  size: Size;
}

/**
 * Computes the size of a result, or its upper bound: without enlargement, a crop may turn out smaller.
 *
 * @param source size of the image, upright
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
 * Rejects an image that would take too much memory or time, using only the size in its header.
 *
 * @param source size of the image
 * @param maxPixels maximum number of pixels to decode
 * @throws {ImageError} that states the exceeded limit
 */
export function checkBounds(
  source: Size,
  maxPixels: number,
  results: readonly { plan: Plan; options: FullOptions }[],
): void {
  const pixels = source.width * source.height;
  if (pixels > maxPixels) {
    throw new ImageError(
      'IMAGE_TOO_LARGE',
      `${inMegapixels(pixels)} megapixels, the limit is ${inMegapixels(maxPixels)}`,
    );
  }
  for (const { plan, options } of results) {
    const { width, height } = plan.size;
    const longestSide = LONGEST_SIDES[options.format];
    if (Math.max(width, height) > longestSide) {
      const before = `${source.width}×${source.height} pixels would become ${width}×${height}`;
      throw new ImageError(
        'OUTPUT_TOO_LARGE',
        `${before}, and a side in ${options.format} cannot be longer than ${longestSide}`,
      );
    }
  }
  const excess = describeExcess(
    results.map(({ plan, options }) => ({ pixels: plan.size.width * plan.size.height, format: options.format })),
  );
  if (excess)
    throw new ImageError('OUTPUT_TOO_LARGE', `with these options ${source.width}×${source.height} pixels ${excess}`);
}
