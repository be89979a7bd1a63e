import sharp, { type Channels, type Sharp } from 'sharp';
import type { FormatName } from '../shared/setting-types.ts';
import { detectFormat, formats, SIGNATURE_BYTES } from './formats.ts';
import { ImageError, toImageError, unsupported } from './image-error.ts';
import { type FullOptions, type ImageOptions, withDefaults } from './options.ts';
import { makePlaceholder, type Pixels, type Placeholder } from './placeholder.ts';
import { checkBounds, type Plan, planResize, type Size } from './plan.ts';

/** An image in a file, for images that are too large for the memory. */
export interface ImageFile {
  /** Absolute path. */
  path: string;
  /** Reads its leading bytes, at most as many as given. */
  readHead(maxBytes: number): Uint8Array;
  /** Reads all of it. */
  read(): Uint8Array;
}

/** An encoded result. Its size is in pixels. */
export interface ProcessedImage {
  data: Uint8Array;
  width: number;
  height: number;
  format: FormatName;
}

type Step = (image: Sharp, options: FullOptions, plan: Plan) => Sharp;

/** Applies the EXIF orientation to the pixels, since the result may not contain EXIF. */
const orient: Step = (image) => image.autoOrient();

const rotate: Step = (image, { rotate: degrees }) => (degrees === 0 ? image : image.rotate(degrees));

/** Puts a transparent image on a background. For JPEG, which has no transparency, sharp would use black. */
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
 * Converts to one grey channel. `grayscale` acts before the resize and `toColourspace` on output, wherever they are called. The
 * conversion is cheapest where there are the fewest pixels: before an enlargement, after a reduction. Measured in
 * `bench/measures/pipeline.ts`.
 */
const grey: Step = (image, { grayscale }, { scale }) => {
  if (!grayscale) return image;
  return (scale > 1 ? image.grayscale() : image).toColourspace('b-w');
};

/** Keeps EXIF and XMP if requested. Never keeps the colour profile, since it has already been applied to the pixels. */
const metadata: Step = (image, { keepMetadata }) => (keepMetadata ? image.keepExif().keepXmp() : image);

const encoders: Record<FormatName, (image: Sharp, quality: number) => Sharp> = {
  // Optimised Huffman codes would save 1 % of the bytes of a photograph, and cost 10 % of the time of a small image.
  jpeg: (image, quality) => image.jpeg({ quality, optimiseCoding: false }),
  png: (image) => image.png(),
  webp: (image, quality) => image.webp({ quality }),
  // A higher effort multiplies the time and saves a few per cent of the bytes.
  avif: (image, quality) => image.avif({ quality, effort: 2 }),
  gif: (image) => image.gif(),
  tiff: (image) => image.tiff(),
};
const encode: Step = (image, { format, quality }) => encoders[format](image, quality);

/** The steps from the decoded source to the pixels of a result. */
const draw: readonly Step[] = [orient, rotate, flatten, resize, blur, sharpen, grey];
/** The steps from the pixels of a result to its file. */
const write: readonly Step[] = [metadata, encode];

/** Formats whose decoders need the whole file. From a file libvips would accept a truncated WebP. */
const NEEDS_MEMORY: ReadonlySet<FormatName> = new Set(['webp', 'avif']);

/** A result to make. */
interface Wanted {
  options: FullOptions;
  plan: Plan;
}

function apply(steps: readonly Step[], image: Sharp, { options, plan }: Wanted): Sharp {
  return steps.reduce((result, step) => step(result, options, plan), image);
}

/**
 * Sets the exact size that was planned from the size of the source. A size computed from the shared pixels could differ by a pixel,
 * since their own size is rounded.
 */
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
 * Decodes a source once for several results: upright, no larger than the largest result needs, and grey if every result is grey.
 */
function decodeForAll(
  image: Sharp,
  { size, hasAlpha }: { size: Size; hasAlpha: boolean },
  wanted: readonly Wanted[],
): Promise<Pixels> {
  const scale = Math.min(1, Math.max(...wanted.map(({ plan }) => plan.scale)));
  const scaled = (side: number) => Math.max(1, Math.round(side * scale));
  const resized = image.autoOrient().resize(scaled(size.width), scaled(size.height), { fit: 'fill' });
  // A transparent image stays in colour, since its background may have a colour.
  const isGrey = !hasAlpha && wanted.every(({ options }) => options.grayscale);
  return toPixels(isGrey ? resized.toColourspace('b-w') : resized);
}

/**
 * Configures sharp for a process that processes one image at a time: only the loaders of the accepted formats, one libvips thread, and
 * no cache, since no operation repeats.
 */
export function configureSharp(accepted: readonly FormatName[]): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: accepted.map((name) => formats[name].loader) });
  sharp.concurrency(1);
  sharp.cache(false);
}

/**
 * Makes one or more results of an image. The defaults are: upright, on white, 512 pixels wide, grey, JPEG of quality 80, without
 * metadata. Only the first frame of an animation is used. An embedded colour profile is applied.
 *
 * @param given bytes of the file, or where they are
 * @param limits accepted formats, and maximum number of pixels to decode
 * @param wanted options of each result
 * @returns the results in the same order, and a placeholder for the first
 * @throws {ImageError} if the image itself is the cause
 */
export async function processImage(
  given: Uint8Array | ImageFile,
  limits: { acceptedFormats: readonly FormatName[]; maxPixels: number },
  wanted: readonly ImageOptions[] = [{}],
): Promise<{ images: ProcessedImage[]; placeholder: Placeholder }> {
  const head = 'path' in given ? given.readHead(SIGNATURE_BYTES) : given.subarray(0, SIGNATURE_BYTES);
  const sourceFormat = await detectFormat(head, limits.acceptedFormats);
  if (!sourceFormat) throw unsupported();
  const ofFile = (file: ImageFile) => (NEEDS_MEMORY.has(sourceFormat) ? file.read() : file.path);
  const source = 'path' in given ? ofFile(given) : given;
  try {
    const { autoOrient: size, hasAlpha } = await sharp(source, { limitInputPixels: false }).metadata();
    const results = wanted.map((own): Wanted => {
      const options = withDefaults(own, sourceFormat);
      return { options, plan: planResize(size, options) };
    });
    checkBounds(size, limits.maxPixels, results);

    const open = () => sharp(source, { limitInputPixels: limits.maxPixels });
    // The shared pixels have no metadata.
    const isShared = results.length > 1 && !results.some(({ options }) => options.keepMetadata);
    const shared = isShared ? await decodeForAll(open(), { size, hasAlpha }, results) : undefined;
    const images: ProcessedImage[] = [];
    let placeholder: Placeholder | undefined;
    // One result after another, so that only one decoded image is in memory.
    for (const result of results) {
      const drawn = () =>
        shared ? apply(draw, fromPixels(shared), withExactSize(result)) : apply(draw, open(), result);
      let image = drawn();
      if (!placeholder) {
        const { format, background, keepMetadata } = result.options;
        const isOpaque = !hasAlpha || format === 'jpeg' || background !== undefined;
        // Raw grey pixels have no transparency.
        const pixels = await toPixels(isOpaque ? image : drawn().toColourspace('srgb'));
        placeholder = makePlaceholder(pixels);
        // Draws once for the placeholder and the result, except where the pixels lack the metadata.
        if (isOpaque && !keepMetadata) image = grey(fromPixels(pixels), result.options, result.plan);
        else if (isOpaque) image = drawn();
      }
      const { data, info } = await apply(write, image, result).toBuffer({ resolveWithObject: true });
      images.push({ data, width: info.width, height: info.height, format: result.options.format });
    }
    if (!placeholder) throw new Error('no result is wanted');
    return { images, placeholder };
  } catch (error) {
    throw error instanceof ImageError ? error : toImageError(formats[sourceFormat].label, error);
  }
}
