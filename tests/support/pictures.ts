import { constants, deflateRawSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { FormatName } from '../../src/shared/setting-types.ts';
import { chunk, pngSignature } from './bombs.ts';

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
export const letSlowPicturesIn = { MAX_MEGAPIXELS: '200', JOB_MEMORY_MB: '4096', JOB_TIMEOUT_SECONDS: '120' };

/** Width and height in pixels of the slowest {@link slowPicture} there is, of 144 megapixels. */
export const VERY_SLOW = 12_000;

/** Where each pass of an interlaced PNG begins, and the distance of its pixels (PNG, section 8.2). */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * A picture that takes libvips seconds and much memory, in few bytes: interlaced, of nothing but transparency, and as it
 * comes of 81 megapixels.
 *
 * @param side width and height in pixels; 7000 needs no other settings, {@link VERY_SLOW} takes gigabytes
 */
export function slowPicture(side = 9000): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // Eight bits a channel, four channels, interlaced.
  header.set([8, 6, 0, 0, 1], 8);
  const bytes = passes.reduce((sum, [left, top, across, down]) => {
    return sum + Math.ceil((side - top) / down) * (1 + 4 * Math.ceil((side - left) / across));
  }, 0);
  return Buffer.concat([
    pngSignature,
    chunk('IHDR', header),
    chunk('IDAT', deflatedZeros(bytes)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** What `deflateSync` makes of so many zeros, in no time: a compressed piece of them, again and again (RFC 1950). */
function deflatedZeros(bytes: number): Buffer {
  const PIECE = 1_000_000;
  const pieces = Math.floor(bytes / PIECE);
  const piece = deflateRawSync(Buffer.alloc(PIECE), { finishFlush: constants.Z_FULL_FLUSH });
  const check = Buffer.alloc(4);
  // Adler-32, whose first sum stays 1 and whose second counts the bytes.
  check.writeUInt16BE(bytes % 65_521, 0);
  check.writeUInt16BE(1, 2);
  const rest = deflateRawSync(Buffer.alloc(bytes - pieces * PIECE));
  return Buffer.concat([Buffer.from([0x78, 0x01]), ...Array<Buffer>(pieces).fill(piece), rest, check]);
}
