import { Worker } from 'node:worker_threads';
import sharp, { type Metadata } from 'sharp';
import { uprightExif } from './exif-directory.ts';
import { ImageError, unsupported } from './image-error.ts';
import { completePng, maxHeadBytes, TAIL_BYTES } from './uncompressed-png.ts';

/** A HEIC to decode. The thread refuses it if libheif reads another size from it. */
export interface HeicJob {
  file: Uint8Array;
  width: number;
  height: number;
  /** Maximum number of pixels to decode. A file may contain more than its image shows. */
  maxPixels: number;
  /** Bytes to leave free before and after the image data. */
  headBytes: number;
  tailBytes: number;
}

/** The decoded image. */
export interface DecodedHeic {
  /** The image data of a PNG, with free bytes around it. */
  buffer: Uint8Array<ArrayBuffer>;
  channels: 3 | 4;
  /** Whether the file declares the colours of Display P3 by number, without a profile. */
  isDisplayP3: boolean;
}

const THREAD_FILE = new URL('./heic-thread.js', import.meta.url);

/**
 * Decodes the primary image of a HEIC in a thread, since libvips has no decoder for HEVC. The image is upright and cropped as the file
 * says.
 *
 * @param file its bytes
 * @param header as libvips reads it, already checked against the limits
 * @param maxPixels maximum number of pixels to decode
 * @returns an uncompressed PNG with the same colour profile, EXIF and XMP, which libvips can read
 * @throws {ImageError} if it is not HEVC, or contains an image that is too large
 */
export async function decodeHeic(file: Uint8Array, header: Metadata, maxPixels: number): Promise<Uint8Array> {
  const { width, height, icc, xmp } = header;
  const exif = header.exif && uprightExif(header.exif);
  const headBytes = maxHeadBytes({ icc, exif, xmp });
  const job = { file, width, height, maxPixels, headBytes, tailBytes: TAIL_BYTES };
  const { buffer, channels, isDisplayP3 } = await decodeInThread(job);
  const profile = icc ?? (isDisplayP3 ? await displayP3() : undefined);
  return completePng(buffer, headBytes, { width, height, channels, icc: profile, exif, xmp });
}

async function decodeInThread(job: HeicJob): Promise<DecodedHeic> {
  const thread = new Worker(THREAD_FILE, { workerData: job });
  try {
    return await new Promise<DecodedHeic>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', (error) => reject(toDecodeError(error)));
      thread.once('exit', (code) => reject(new Error(`the decoder ended with exit code ${code}`)));
    });
  } finally {
    // Frees the memory of the decoder before the pipeline needs its own.
    await thread.terminate();
  }
}

/** Tells apart what libheif reports in words. */
function toDecodeError(cause: Error): Error {
  // libheif-js has a decoder for HEVC only. The same container can have AV1 and other codecs.
  if (cause.message.includes('not been built in')) return unsupported({ cause });
  // libheif compares each coded image with the limit, and with the size that the file declares for it.
  if (!cause.message.includes('Security limit exceeded')) return cause;
  const message = 'contains an image that is larger than the limit, or than declared';
  return new ImageError('IMAGE_TOO_LARGE', message, { cause });
}

/** Returns the profile of Display P3. sharp has one for its results. */
async function displayP3(): Promise<Buffer | undefined> {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: 'black' } });
  const png = await pixel.withIccProfile('p3').png().toBuffer();
  return (await sharp(png).metadata()).icc;
}
