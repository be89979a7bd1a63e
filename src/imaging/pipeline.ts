import sharp, { type Sharp } from 'sharp';
import type { FormatName } from '../shared/setting-types.ts';
import { detectFormat, formats, SIGNATURE_BYTES } from './formats.ts';
import { ImageError, toImageError } from './image-error.ts';
import { type FullOptions, type ImageOptions, withDefaults } from './options.ts';
import { makePlaceholder, type Placeholder } from './placeholder.ts';
import { checkBounds, type Plan, planResize } from './plan.ts';

/** A finished picture. */
export interface ProcessedImage {
  data: Uint8Array;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  format: FormatName;
}

type Step = (image: Sharp, options: FullOptions, plan: Plan) => Sharp;

/** EXIF says how a phone was held; the result need not carry EXIF, so the pixels themselves are turned. */
const orient: Step = (image) => image.autoOrient();

const rotate: Step = (image, { rotate: degrees }) => (degrees === 0 ? image : image.rotate(degrees));

/** JPEG has no transparency, and what would be left of it is black. */
const flatten: Step = (image, { background, format }) =>
  background || format === 'jpeg' ? image.flatten({ background: background ?? 'white' }) : image;

const resize: Step = (image, { width, height, fit, position, enlarge, background, format }) =>
  image.resize({
    ...(width && { width }),
    ...(height && { height }),
    fit,
    position,
    withoutEnlargement: !enlarge,
    background: background ?? (format === 'jpeg' ? 'white' : { r: 0, g: 0, b: 0, alpha: 0 }),
  });

const blur: Step = (image, { blur: sigma }) => (sigma === undefined ? image : image.blur(sigma));

const sharpen: Step = (image, { sharpen: sigma }) => (sigma === undefined ? image : image.sharpen({ sigma }));

/**
 * One channel. `grayscale` acts before the resize and `toColourspace` on the way out, wherever they are called; grey is
 * cheapest where there are the fewest pixels: before an enlargement, after a reduction. See `bench/pipeline.ts`.
 */
const grey: Step = (image, { grayscale }, { scale }) => {
  if (!grayscale) return image;
  return (scale > 1 ? image.grayscale() : image).toColourspace('b-w');
};

/** Never the colour profile: the pixels have gone through it already. */
const metadata: Step = (image, { keepMetadata }) => (keepMetadata ? image.keepExif().keepXmp() : image);

const encoders: Record<FormatName, (image: Sharp, quality: number) => Sharp> = {
  jpeg: (image, quality) => image.jpeg({ quality }),
  png: (image) => image.png(),
  webp: (image, quality) => image.webp({ quality }),
  // More effort would take a multiple of the time for a few per cent of the bytes.
  avif: (image, quality) => image.avif({ quality, effort: 2 }),
  gif: (image) => image.gif(),
  tiff: (image) => image.tiff(),
};
const encode: Step = (image, { format, quality }) => encoders[format](image, quality);

const steps: readonly Step[] = [orient, rotate, flatten, resize, blur, sharpen, grey, metadata, encode];

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
 * Makes one or more pictures of one. Without options that is the pipeline of the service: upright, on white, 512 pixels
 * wide, grey, JPEG of quality 80, without metadata; of an animation the first frame. Colours go through the embedded
 * profile, if any.
 *
 * @param source bytes of the file
 * @param limits accepted formats and the most pixels to decode
 * @param wanted options of each picture to make
 * @returns the pictures in that order, and a placeholder of the first
 * @throws {ImageError} for what is the image's own fault
 */
export async function processImage(
  source: Uint8Array,
  limits: { acceptedFormats: readonly FormatName[]; maxPixels: number },
  wanted: readonly ImageOptions[] = [{}],
): Promise<{ images: ProcessedImage[]; placeholder: Placeholder }> {
  const sourceFormat = await detectFormat(source.subarray(0, SIGNATURE_BYTES), limits.acceptedFormats);
  if (!sourceFormat) throw new ImageError('not a supported image');
  try {
    const { autoOrient: size } = await sharp(source, { limitInputPixels: false }).metadata();
    const results = wanted.map((given) => {
      const options = withDefaults(given, sourceFormat);
      return { options, plan: planResize(size, options) };
    });
    checkBounds(size, limits.maxPixels, results);

    const images: ProcessedImage[] = [];
    // One after the other: a child's memory holds one decoded picture.
    for (const { options, plan } of results) {
      const image = steps.reduce(
        (result, step) => step(result, options, plan),
        sharp(source, { limitInputPixels: limits.maxPixels }),
      );
      const { data, info } = await image.toBuffer({ resolveWithObject: true });
      images.push({ data, width: info.width, height: info.height, format: options.format });
    }
    const [first] = images;
    // A format that may not be read is not read, even if it was written here.
    const isReadable = first && limits.acceptedFormats.includes(first.format);
    return { images, placeholder: await makePlaceholder(isReadable ? first.data : source) };
  } catch (error) {
    throw error instanceof ImageError ? error : toImageError(formats[sourceFormat].label, error);
  }
}
