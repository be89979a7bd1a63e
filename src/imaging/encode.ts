import type { Sharp } from 'sharp';
import type { ResultFormat } from '../shared/setting-types.ts';
import { hasQuality } from './cost.ts';
import { ImageError } from './image-error.ts';
import type { FullOptions } from './options.ts';

/** Timing of an animation, which raw pixels do not have. */
export interface Animation {
  /** Milliseconds of each frame. */
  delay?: number[];
  /** Number of repetitions; 0 for ever. */
  loop?: number;
}

/** Leaves out what is `undefined`, since sharp then uses its default. */
function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

type Encoder = (image: Sharp, options: FullOptions, quality: number, animation: Animation) => Sharp;

const encoders: Record<ResultFormat, Encoder> = {
  // Optimised Huffman codes would save 1 % of the bytes of a photograph, and cost 10 % of the time of a small image.
  jpeg: (image, { progressive, chromaSubsampling }, quality) =>
    image.jpeg({ quality, optimiseCoding: false, ...defined({ progressive, chromaSubsampling }) }),
  png: (image, { progressive, colors: colours }) =>
    image.png(defined({ progressive, colours, palette: colours === undefined ? undefined : true })),
  webp: (image, { lossless, effort }, quality, animation) =>
    image.webp({ quality, ...defined({ lossless, effort }), ...animation }),
  // A higher effort multiplies the time and saves a few per cent of the bytes.
  avif: (image, { lossless, effort = 2, chromaSubsampling }, quality) =>
    image.avif({ quality, effort, ...defined({ lossless, chromaSubsampling }) }),
  gif: (image, { colors: colours }, _quality, animation) => image.gif({ ...defined({ colours }), ...animation }),
  tiff: (image) => image.tiff(),
};

/** The quality `auto`: for images of at most so many megapixels. The more pixels, the less each of them is seen. */
const AUTO_QUALITIES: readonly { upTo: number; jpeg: number; webp: number; avif: number }[] = [
  { upTo: 0.25, jpeg: 84, webp: 82, avif: 66 },
  { upTo: 1, jpeg: 80, webp: 78, avif: 62 },
  { upTo: 4, jpeg: 76, webp: 74, avif: 58 },
  { upTo: Number.POSITIVE_INFINITY, jpeg: 72, webp: 70, avif: 54 },
];

/** Returns the quality for a result, from 1 to 100. */
export function qualityFor({ quality, format }: Pick<FullOptions, 'quality' | 'format'>, pixels: number): number {
  if (quality !== 'auto') return quality;
  const row = AUTO_QUALITIES.find(({ upTo }) => pixels <= upTo * 1e6);
  return row && format in row ? row[format as 'jpeg'] : 80;
}

/** Lowest quality to which `maxBytes` goes. */
const LOWEST_QUALITY = 10;

/** An encoded image. Its size is in pixels, of one frame. */
export interface Encoded {
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * Encodes a result, with `maxBytes` at the highest quality that fits.
 *
 * @param open starts a pipeline that ends with the pixels of the result
 * @param pixels number of pixels of the result
 * @throws {ImageError} `OUTPUT_TOO_LARGE` if no quality fits
 */
export async function encode(
  open: () => Sharp,
  options: FullOptions,
  pixels: number,
  animation: Animation,
): Promise<Encoded> {
  const highest = qualityFor(options, pixels);
  const at = async (quality: number): Promise<Encoded> => {
    const image = encoders[options.format](open(), options, quality, animation);
    const { data, info } = await image.toBuffer({ resolveWithObject: true });
    const { width, height, pageHeight = height } = info as typeof info & { pageHeight?: number };
    return { data, width, height: pageHeight };
  };
  const { maxBytes = Number.POSITIVE_INFINITY } = options;
  let smallest = await at(highest);
  if (smallest.data.length <= maxBytes) return smallest;

  const canShrink = hasQuality(options);
  let [low, high] = [LOWEST_QUALITY, canShrink ? highest - 1 : 0];
  let best: Encoded | undefined;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const made = await at(middle);
    if (made.data.length <= maxBytes) {
      best = made;
      low = middle + 1;
    } else {
      smallest = made;
      high = middle - 1;
    }
  }
  if (best) return best;
  const lowest = canShrink ? ` at quality ${Math.min(highest, LOWEST_QUALITY)}` : '';
  throw new ImageError(
    'OUTPUT_TOO_LARGE',
    `the result has ${smallest.data.length} bytes${lowest}, and maxBytes is ${maxBytes}`,
  );
}
