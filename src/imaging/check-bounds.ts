import type { ResultFormat } from '../shared/setting-types.ts';
import { costOf, describeExcess, inMegapixels } from './cost.ts';
import { ImageError } from './image-error.ts';
import type { ImagingLimits } from './limits.ts';
import { rotatedSize, type Wanted } from './plan.ts';
import { canShare } from './share-decode.ts';
import type { Source } from './source.ts';
import { distinctTrims } from './trim.ts';

/** Longest side that each file format can store, in pixels. */
const LONGEST_SIDES: Record<ResultFormat, number> = {
  jpeg: 65_535,
  png: 65_535,
  webp: 16_383,
  avif: 16_384,
  gif: 65_535,
  tiff: 65_535,
};

/** Bytes of a sample, by the name of its type in libvips. */
const SAMPLE_BYTES: Record<string, number> = { ushort: 2, short: 2, uint: 4, int: 4, float: 4, double: 8 };

/** Bytes of an ordinary pixel: RGB and alpha of 8 bits. */
const ORDINARY_BYTES = 4;

/**
 * Rejects an image that would take too much memory or time, using only its header and the planned results.
 *
 * @throws {ImageError} that states the exceeded limit
 */
export function checkBounds(source: Source, limits: ImagingLimits, results: readonly Wanted[]): void {
  const { width, height } = source.size;
  for (const result of results) {
    checkSource(source, limits, result);
    checkSides(source, result);
  }
  const pixels = results.map(({ plan }) => plan.size.width * plan.size.height * plan.frames);
  const costs = results.map(({ options }, index) => costOf(pixels[index] ?? 0, options));
  const excess = describeExcess(costs, sum(pixels), countDecoded(source, results));
  if (excess) throw new ImageError('OUTPUT_TOO_LARGE', `with these options ${width}×${height} pixels ${excess}`);
}

/** Checks the frames and pixels that are decoded for a result. */
function checkSource({ header, format, size }: Source, limits: ImagingLimits, { options, plan }: Wanted): void {
  const { maxPixels, maxFrames } = limits;
  if (plan.frames > maxFrames) {
    throw new ImageError('IMAGE_TOO_LARGE', `${plan.frames} frames, the limit is ${maxFrames}`);
  }
  const canvas = rotatedSize(size, options.rotate);
  // Only an angle that is not a multiple of 90 degrees needs more pixels than the source has.
  const pixels = Math.max(size.width * size.height, canvas.width * canvas.height) * plan.frames;
  // A HEIC is decoded to 8 bits.
  const bytesPerPixel = header.channels * (format === 'heic' ? 1 : (SAMPLE_BYTES[header.depth] ?? 1));
  // An image is turned in memory, where deep pixels take more room. An image that is not turned is decoded row by row.
  const isTurned = options.rotate !== 0 || (header.orientation ?? 1) > 1;
  const weight = isTurned ? Math.max(1, bytesPerPixel / ORDINARY_BYTES) : 1;
  if (pixels * weight <= maxPixels) return;
  const frames = plan.frames > 1 ? ` in ${plan.frames} frames` : '';
  const deep = weight > 1 ? ` of ${bytesPerPixel} bytes to turn, which count ${weight} times` : '';
  throw new ImageError(
    'IMAGE_TOO_LARGE',
    `${inMegapixels(pixels)} megapixels${frames}${deep}, the limit is ${inMegapixels(maxPixels)}`,
  );
}

/** Checks that the format of a result can store its size. */
function checkSides({ size }: Source, { options: { format }, plan }: Wanted): void {
  const { width, height } = plan.size;
  const longestSide = LONGEST_SIDES[format];
  if (Math.max(width, height) <= longestSide) return;
  const before = `${size.width}×${size.height} pixels would become ${width}×${height}`;
  throw new ImageError('OUTPUT_TOO_LARGE', `${before}, and a side in ${format} cannot be longer than ${longestSide}`);
}

/** Counts the pixels that are decoded beyond the first time: to measure each kind of `trim`, to describe the source, and to draw. */
function countDecoded({ header, size }: Source, results: readonly Wanted[]): number {
  const framesOf = ({ options, plan }: Wanted) => {
    // A GIF or WebP has only changes from one frame to the next, so all frames before the wanted one are decoded.
    const isSequential = header.format === 'gif' || header.format === 'webp';
    return isSequential && options.frame !== undefined ? options.frame + 1 : plan.frames;
  };
  const draws = canShare(results) ? results.slice(0, 1) : results;
  const described = results.some(({ options }) => options.info) ? 1 : 0;
  const free = Math.max(...results.map(({ plan }) => plan.frames));
  const frames = described + sum([...distinctTrims(results).values(), ...draws].map(framesOf)) - free;
  return frames * size.width * size.height;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
