import { constants, deflateRawSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { FormatName, ResultFormat } from '../../src/shared/setting-types.ts';
import { chunk, pngSignature } from './bombs.ts';
import { heicFile } from './heic.ts';

/** Default size of the test images, in pixels. */
const WIDTH = 640;
const HEIGHT = 480;

/**
 * Creates an image that compresses like a photograph: noise over a dark left half and a light right half.
 *
 * @returns a sharp instance, to be encoded by the caller
 */
export function testImage(width = WIDTH, height = HEIGHT): Sharp {
  const light = { width: Math.ceil(width / 2), height, channels: 3 as const, background: '#e0c8a0' };
  return sharp({
    create: { width, height, channels: 3, background: '#203040', noise: { type: 'gaussian', mean: 60, sigma: 12 } },
  }).composite([{ input: { create: light }, left: Math.floor(width / 2), top: 0 }]);
}

const files = new Map<FormatName, Promise<Buffer<ArrayBuffer>>>();

/** Encodes an image of 640 × 480 pixels with low effort. The file of each format is cached. */
export function encoded(name: FormatName): Promise<Buffer<ArrayBuffer>> {
  const effort = { avif: 0, gif: 1 }[name as string];
  const encode = (format: ResultFormat) => testImage().toFormat(format, effort === undefined ? {} : { effort });
  const made = files.get(name) ?? (name === 'heic' ? Promise.resolve(heicFile('halves')) : encode(name).toBuffer());
  files.set(name, made);
  return made;
}

export const jpeg = (width?: number, height?: number) => testImage(width, height).jpeg().toBuffer();
export const png = (width?: number, height?: number) => testImage(width, height).png().toBuffer();

/** Returns a JPEG that ends in the middle of its pixel data. */
export async function truncatedJpeg(): Promise<Buffer> {
  const whole = await jpeg();
  return whole.subarray(0, Math.floor(whole.length / 2));
}

/** Settings with limits that a {@link slowImage} does not exceed. */
export const allowSlowImages = { MAX_MEGAPIXELS: '200', JOB_MEMORY_MB: '4096', JOB_TIMEOUT_SECONDS: '120' };

/** Width and height in pixels of a {@link slowImage} of 144 megapixels, which needs gigabytes of memory. */
export const VERY_SLOW = 12_000;

/** Start and pixel distance of each pass of an interlaced PNG: left, top, across, down (PNG, section 8.2). */
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
 * Encodes a small file that takes libvips seconds and much memory: an interlaced, fully transparent PNG of 81 megapixels.
 *
 * @param side width and height in pixels; up to 7000 the default limits allow it
 */
export function slowImage(side = 9000): Buffer {
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

/** Compresses zeros faster than `deflateSync`: repeats one compressed block (RFC 1950). */
function deflatedZeros(bytes: number): Buffer {
  const PIECE = 1_000_000;
  const pieces = Math.floor(bytes / PIECE);
  const piece = deflateRawSync(Buffer.alloc(PIECE), { finishFlush: constants.Z_FULL_FLUSH });
  const check = Buffer.alloc(4);
  // Adler-32 of zeros: the first sum stays 1, the second counts the bytes.
  check.writeUInt16BE(bytes % 65_521, 0);
  check.writeUInt16BE(1, 2);
  const rest = deflateRawSync(Buffer.alloc(bytes - pieces * PIECE));
  return Buffer.concat([Buffer.from([0x78, 0x01]), ...Array<Buffer>(pieces).fill(piece), rest, check]);
}
