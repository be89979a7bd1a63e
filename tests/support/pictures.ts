import sharp, { type Sharp } from 'sharp';
import type { FormatName } from '../../src/shared/setting-types.ts';

/** Width of the pictures that these make unless told otherwise, in pixels. */
const WIDTH = 640;
const HEIGHT = 480;

/**
 * A picture with content that compresses like a photograph's: noise over a dark left and a light right half.
 *
 * @returns an image of sharp's, to be encoded
 */
export function picture(width = WIDTH, height = HEIGHT): Sharp {
  const light = { width: Math.ceil(width / 2), height, channels: 3 as const, background: '#e0c8a0' };
  return sharp({
    create: { width, height, channels: 3, background: '#203040', noise: { type: 'gaussian', mean: 60, sigma: 12 } },
  }).composite([{ input: { create: light }, left: Math.floor(width / 2), top: 0 }]);
}

const files = new Map<FormatName, Promise<Buffer>>();

/** A picture of 640 × 480 pixels as a file of a format, made once and with little effort. */
export function encoded(name: FormatName): Promise<Buffer> {
  const effort = { avif: 0, gif: 1 }[name as string];
  const made =
    files.get(name) ??
    picture()
      .toFormat(name, effort === undefined ? {} : { effort })
      .toBuffer();
  files.set(name, made);
  return made;
}

export const jpeg = (width?: number, height?: number) => picture(width, height).jpeg().toBuffer();
export const png = (width?: number, height?: number) => picture(width, height).png().toBuffer();

/** A JPEG that ends in the middle of its pixels. */
export async function truncatedJpeg(): Promise<Buffer> {
  const whole = await jpeg();
  return whole.subarray(0, Math.floor(whole.length / 2));
}

/** Settings under which a {@link slowPicture} is let in. */
export const letSlowPicturesIn = { MAX_MEGAPIXELS: '200', JOB_MEMORY_MB: '4096' };

/** Width and height in pixels of the slowest {@link slowPicture} there is, of 144 megapixels. */
export const VERY_SLOW = 12_000;

const slow = new Map<number, Promise<Buffer>>();

/**
 * A picture that takes libvips seconds and much memory, in few bytes: interlaced, and as it comes of 81 megapixels.
 *
 * @param side width and height in pixels; 7000 needs no other settings, {@link VERY_SLOW} takes gigabytes
 */
export function slowPicture(side = 9000): Promise<Buffer> {
  const background = { r: 90, g: 160, b: 30, alpha: 0.5 };
  const made =
    slow.get(side) ??
    sharp({ create: { width: side, height: side, channels: 4, background } })
      .png({ progressive: true, compressionLevel: 4 })
      .toBuffer();
  slow.set(side, made);
  return made;
}
