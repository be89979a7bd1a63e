import sharp, { type Sharp } from 'sharp';
import type { FormatName } from '../shared/config.ts';
import { detectFormat, formats, SIGNATURE_BYTES } from './formats.ts';
import { ImageError, toImageError } from './image-error.ts';

/** Width of every result, in pixels. */
const WIDTH = 512;
/** JPEG quality of every result, from 1 to 100. */
const QUALITY = 80;
/** Longest side that the JPEG format can express, in pixels (ITU-T T.81, 16-bit frame dimensions). */
const MAX_SIDE = 65_535;
/** A finished picture. */
export interface ProcessedImage {
  data: Uint8Array;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  format: 'jpeg';
}

/** What the steps need to know of the source. */
interface Plan {
  /** Grey is cheapest where there are the fewest pixels: before an enlargement, after a reduction. See `bench/pipeline.ts`. */
  greyFirst: boolean;
}

type Step = (image: Sharp, plan: Plan) => Sharp;

/** EXIF says how a phone was held; the result carries no EXIF, so the pixels themselves are turned. */
const orient: Step = (image) => image.autoOrient();
/** JPEG has no transparency, and what would be left of it is black. */
const flatten: Step = (image) => image.flatten({ background: 'white' });
const resize: Step = (image) => image.resize({ width: WIDTH });
/** Always one channel. `grayscale` acts before the resize and `toColourspace` on the way out, wherever they are called. */
const grey: Step = (image, { greyFirst }) => (greyFirst ? image.grayscale() : image).toColourspace('b-w');
const encode: Step = (image) => image.jpeg({ quality: QUALITY });

const steps: readonly Step[] = [orient, flatten, resize, grey, encode];

/**
 * Prepares sharp for a process that makes one picture at a time: only the loaders of the accepted formats may run, one
 * libvips thread, and no cache of operations that never repeat.
 */
export function configureSharp(accepted: readonly FormatName[]): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: accepted.map((name) => formats[name].loader) });
  sharp.concurrency(1);
  sharp.cache(false);
}

/**
 * The pipeline of the service: upright, on white, 512 pixels wide, grey, JPEG of quality 80, without metadata; of an
 * animation the first frame. Colours go through the embedded profile, if any, to sRGB grey.
 *
 * @param source bytes of the file
 * @param limits accepted formats and the most pixels to decode
 * @throws {ImageError} for what is the image's own fault
 */
export async function processImage(
  source: Uint8Array,
  limits: { acceptedFormats: readonly FormatName[]; maxPixels: number },
): Promise<ProcessedImage> {
  const format = await detectFormat(source.subarray(0, SIGNATURE_BYTES), limits.acceptedFormats);
  if (!format) throw new ImageError('not a supported image');
  try {
    const plan = await makePlan(source, limits.maxPixels);
    const image = sharp(source, { limitInputPixels: limits.maxPixels });
    const { data, info } = await steps
      .reduce((result, step) => step(result, plan), image)
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, format: 'jpeg' };
  } catch (error) {
    throw error instanceof ImageError ? error : toImageError(formats[format].label, error);
  }
}

/** Decides from the header, before any pixel is decoded. */
async function makePlan(source: Uint8Array, maxPixels: number): Promise<Plan> {
  const { autoOrient } = await sharp(source, { limitInputPixels: false }).metadata();
  const { width, height } = autoOrient;
  if (width * height > maxPixels) {
    throw new ImageError(`${inMegapixels(width * height)} megapixels, the limit is ${inMegapixels(maxPixels)}`);
  }
  const resultHeight = Math.round((height * WIDTH) / width);
  if (resultHeight > MAX_SIDE) {
    throw new ImageError(
      `${width}×${height} pixels would become ${WIDTH}×${resultHeight}, and a JPEG cannot be higher than ${MAX_SIDE}`,
    );
  }
  return { greyFirst: width < WIDTH };
}

function inMegapixels(pixels: number): string {
  // Rounded up, so that an image just over the limit never reads as being at it.
  return String(Math.ceil(pixels / 100_000) / 10);
}
