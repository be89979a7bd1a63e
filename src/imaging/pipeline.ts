import sharp, { type Channels, type Sharp } from 'sharp';
import type { FormatName } from '../shared/setting-types.ts';
import { detectFormat, formats, SIGNATURE_BYTES } from './formats.ts';
import { ImageError, toImageError } from './image-error.ts';
import { type FullOptions, type ImageOptions, withDefaults } from './options.ts';
import { makePlaceholder, type Pixels, type Placeholder } from './placeholder.ts';
import { checkBounds, type Plan, planResize, type Size } from './plan.ts';

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
 * cheapest where there are the fewest pixels: before an enlargement, after a reduction. See `bench/measures/pipeline.ts`.
 */
const grey: Step = (image, { grayscale }, { scale }) => {
  if (!grayscale) return image;
  return (scale > 1 ? image.grayscale() : image).toColourspace('b-w');
};

/** Never the colour profile: the pixels have gone through it already. */
const metadata: Step = (image, { keepMetadata }) => (keepMetadata ? image.keepExif().keepXmp() : image);

const encoders: Record<FormatName, (image: Sharp, quality: number) => Sharp> = {
  // Huffman codes made for the picture would save 1 % of a photograph's bytes, and take a tenth of a small one's time.
  jpeg: (image, quality) => image.jpeg({ quality, optimiseCoding: false }),
  png: (image) => image.png(),
  webp: (image, quality) => image.webp({ quality }),
  // More effort would take a multiple of the time for a few per cent of the bytes.
  avif: (image, quality) => image.avif({ quality, effort: 2 }),
  gif: (image) => image.gif(),
  tiff: (image) => image.tiff(),
};
const encode: Step = (image, { format, quality }) => encoders[format](image, quality);

/** From what was decoded to the pixels of the result, and from those to its file. */
const draw: readonly Step[] = [orient, rotate, flatten, resize, blur, sharpen, grey];
const write: readonly Step[] = [metadata, encode];

/** One picture that is wanted. */
interface Wanted {
  options: FullOptions;
  plan: Plan;
}

function apply(steps: readonly Step[], image: Sharp, { options, plan }: Wanted): Sharp {
  return steps.reduce((result, step) => step(result, options, plan), image);
}

/** The size comes from the picture as it was: taken from what was decoded, which is rounded, it could be a pixel off. */
function withExactSize(wanted: Wanted): Wanted {
  const { width, height, fit } = wanted.options;
  const isCut = width && height && (fit === 'cover' || fit === 'contain');
  return isCut
    ? wanted
    : { ...wanted, options: { ...wanted.options, ...wanted.plan.size, fit: 'fill', enlarge: true } };
}

async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

function fromPixels({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels: channels as Channels } });
}

/**
 * Decodes a picture once for several results: upright, no larger than the largest of them needs, and grey when none wants
 * colours.
 */
function decodeForAll(
  image: Sharp,
  { size, hasAlpha }: { size: Size; hasAlpha: boolean },
  wanted: readonly Wanted[],
): Promise<Pixels> {
  const scale = Math.min(1, Math.max(...wanted.map(({ plan }) => plan.scale)));
  const scaled = (side: number) => Math.max(1, Math.round(side * scale));
  const resized = image.autoOrient().resize(scaled(size.width), scaled(size.height), { fit: 'fill' });
  // What is transparent is still to be laid on a background, which has a colour.
  const isGrey = !hasAlpha && wanted.every(({ options }) => options.grayscale);
  return toPixels(isGrey ? resized.toColourspace('b-w') : resized);
}

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
    const { autoOrient: size, hasAlpha } = await sharp(source, { limitInputPixels: false }).metadata();
    const results = wanted.map((given): Wanted => {
      const options = withDefaults(given, sourceFormat);
      return { options, plan: planResize(size, options) };
    });
    checkBounds(size, limits.maxPixels, results);

    const open = () => sharp(source, { limitInputPixels: limits.maxPixels });
    // What is decoded has lost the metadata.
    const isShared = results.length > 1 && !results.some(({ options }) => options.keepMetadata);
    const shared = isShared ? await decodeForAll(open(), { size, hasAlpha }, results) : undefined;
    const images: ProcessedImage[] = [];
    let placeholder: Placeholder | undefined;
    // One after the other: a child's memory holds one decoded picture.
    for (const result of results) {
      const drawn = () =>
        shared ? apply(draw, fromPixels(shared), withExactSize(result)) : apply(draw, open(), result);
      let image = drawn();
      if (!placeholder) {
        const { format, background, keepMetadata } = result.options;
        const isOpaque = !hasAlpha || format === 'jpeg' || background !== undefined;
        // As pixels a grey picture has no transparency.
        const pixels = await toPixels(isOpaque ? image : drawn().toColourspace('srgb'));
        placeholder = makePlaceholder(pixels);
        // Drawn once for both, except where pixels do not say all.
        if (isOpaque && !keepMetadata) image = grey(fromPixels(pixels), result.options, result.plan);
        else if (isOpaque) image = drawn();
      }
      const { data, info } = await apply(write, image, result).toBuffer({ resolveWithObject: true });
      images.push({ data, width: info.width, height: info.height, format: result.options.format });
    }
    if (!placeholder) throw new Error('no picture is wanted');
    return { images, placeholder };
  } catch (error) {
    throw error instanceof ImageError ? error : toImageError(formats[sourceFormat].label, error);
  }
}
