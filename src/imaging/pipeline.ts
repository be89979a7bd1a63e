import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import type { FormatName, ResultFormat } from '../shared/setting-types.ts';
import { differenceHash } from './dhash.ts';
import { apply, draw, fillOf, grey, turn, type Wanted } from './draw.ts';
import { type Animation, type Encoded, encode } from './encode.ts';
import { detectFormat, formats, SIGNATURE_BYTES } from './formats.ts';
import { decodeHeic } from './heic.ts';
import { ImageError, toImageError, unsupported } from './image-error.ts';
import { readInfo } from './info.ts';
import type { ImageInfo } from './info-schema.ts';
import { keepMetadata, needsSource } from './metadata.ts';
import { type FullOptions, type ImageOptions, withDefaults } from './options.ts';
import { overlaysOf, type Watermarks } from './overlays.ts';
import { firstFrame, fromPixels, type Pixels, toPixels } from './pixels.ts';
import { makePlaceholder, type Placeholder } from './placeholder.ts';
import {
  type Area,
  checkBounds,
  type PixelLimits,
  type Plan,
  planResult,
  rotatedSize,
  type Size,
  type SourceBounds,
} from './plan.ts';

/** An image in a file, for images that are too large for the memory. */
export interface ImageFile {
  /** Absolute path. */
  path: string;
  /** Reads its leading bytes, at most as many as given. */
  readHead(maxBytes: number): Uint8Array;
  /** Reads all of it. */
  read(): Uint8Array;
}

/** An encoded result. */
export interface ProcessedImage extends Encoded {
  format: ResultFormat;
}

/** What the operator allows and offers. */
export interface ImagingLimits extends PixelLimits {
  acceptedFormats: readonly FormatName[];
  /** Without it there are no watermarks with an image. */
  watermarks?: Watermarks;
}

/** What {@link processImage} makes. */
interface Processed {
  images: ProcessedImage[];
  placeholder: Placeholder;
  /** Perceptual hash. */
  dhash: string;
  info?: ImageInfo;
}

/** Formats whose decoders need the whole file. From a file libvips would accept a truncated WebP. */
const NEEDS_MEMORY: ReadonlySet<FormatName> = new Set(['webp', 'avif']);

/** The image that was sent: how to start a pipeline from it, and its header. */
interface Source {
  open(options: FullOptions, plan: Plan): Sharp;
  header: Metadata;
  size: SourceBounds;
}

/** Bytes of a sample, by the name of its type in libvips. */
const SAMPLE_BYTES: Record<string, number> = { ushort: 2, short: 2, uint: 4, int: 4, float: 4, double: 8 };

/** Most pixels in which `trim` looks for edges. libvips takes ten times as long for it as for decoding a JPEG. */
const TRIM_PIXELS = 4_000_000;

/**
 * Configures sharp for a process that processes one image at a time: only the loaders of the accepted formats, one libvips thread, and
 * no cache, since no operation repeats.
 */
export function configureSharp(accepted: readonly FormatName[]): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  // Watermarks, and intermediate images that keep their metadata, are PNG. A client cannot send one that is not accepted: `detectFormat`.
  sharp.unblock({ operation: [...formats.png.loaders, ...accepted.flatMap((name) => formats[name].loaders)] });
  sharp.concurrency(1);
  sharp.cache(false);
}

/**
 * Makes one or more results of an image. The defaults are: upright, on white, 512 pixels wide, grey, JPEG of quality 80, without
 * metadata. Only the first frame of an animation is used. An embedded colour profile is applied.
 *
 * @param given bytes of the file, or where they are
 * @param wanted options of each result
 * @returns the results in the same order, a placeholder and a perceptual hash of the first, and what is known of the original if an option
 *   asks for it
 * @throws {ImageError} if the image itself is the cause
 */
export async function processImage(
  given: Uint8Array | ImageFile,
  limits: ImagingLimits,
  wanted: readonly ImageOptions[] = [{}],
): Promise<Processed> {
  const head = 'path' in given ? given.readHead(SIGNATURE_BYTES) : given.subarray(0, SIGNATURE_BYTES);
  const sourceFormat = await detectFormat(head, limits.acceptedFormats);
  if (!sourceFormat) throw unsupported();
  const ofFile = (file: ImageFile) => (NEEDS_MEMORY.has(sourceFormat) ? file.read() : file.path);
  const content = 'path' in given ? ofFile(given) : given;
  try {
    const metadata = await sharp(content, { limitInputPixels: false }).metadata();
    // Only the primary image of a HEIC is decoded.
    const header = sourceFormat === 'heic' ? { ...metadata, pages: 1 } : metadata;
    let decodable = content;
    const source: Source = {
      open: (options, plan) => {
        const image = sharp(decodable, openOptions(options, plan, limits));
        // sharp would convert 16 bits to Display P3, and apply some options in units of 8 bits.
        return header.depth === 'ushort' ? image.pipelineColourspace('srgb') : image;
      },
      header,
      size: {
        ...header.autoOrient,
        // A HEIC is decoded to 8 bits.
        bytesPerPixel: header.channels * (sourceFormat === 'heic' ? 1 : (SAMPLE_BYTES[header.depth] ?? 1)),
        isTurned: (header.orientation ?? 1) > 1,
      },
    };
    const canKeepProfile = header.hasProfile && header.space !== 'cmyk';
    const options = wanted.map((own) => {
      const full = withDefaults(own, sourceFormat);
      return { ...full, keepProfile: full.keepProfile === true && canKeepProfile && full.format !== 'gif' };
    });
    const results = options.map((own): Wanted => ({ options: own, plan: planFor(source, own) }));
    const check = (planned: readonly Wanted[]) =>
      checkBounds(source.size, limits, planned, countDecoded(source, planned));
    check(results);
    if (sourceFormat === 'heic') {
      decodable = await decodeHeic('path' in given ? given.read() : given, header, limits.maxPixels);
    }
    const info = await describe(source, results, sourceFormat);
    const trimmed = await trimAll(source, results);
    check(trimmed);
    return { ...(await makeAll(source, trimmed, limits)), ...(info && { info }) };
  } catch (error) {
    throw error instanceof ImageError ? error : toImageError(formats[sourceFormat].label, error);
  }
}

function openOptions({ frame }: FullOptions, { frames }: Plan, { maxPixels }: PixelLimits): SharpOptions {
  return {
    limitInputPixels: maxPixels,
    ...(frames > 1 ? { animated: true } : frame !== undefined && { page: frame }),
  };
}

/** @throws {ImageError} `IMAGE_UNSUITABLE` if an option does not fit the image */
function planFor({ header: { pages = 1, orientation = 1 }, size }: Source, options: FullOptions, trimmed?: Area): Plan {
  if (options.frame !== undefined && options.frame >= pages) {
    throw new ImageError('IMAGE_UNSUITABLE', `frame ${options.frame} does not exist; the last one is ${pages - 1}`);
  }
  const canMove = options.animated && ['gif', 'webp'].includes(options.format);
  const frames = canMove ? pages : 1;
  if (frames > 1 && orientation > 1) {
    throw new ImageError('IMAGE_UNSUITABLE', 'an animation with an EXIF orientation cannot stay animated');
  }
  return planResult(size, options, { frames, ...(trimmed && { trimmed }) });
}

/** Reads what is known of the original, if an option asks for it. Its location only if a result may contain that too. */
async function describe(
  source: Source,
  results: readonly Wanted[],
  format: FormatName,
): Promise<ImageInfo | undefined> {
  const asking = results.filter(({ options }) => options.info);
  const [first] = asking;
  if (!first) return undefined;
  const allowsGps = asking.some(({ options }) => options.keepMetadata === 'all');
  const image = source.open({ ...first.options, frame: undefined }, { ...first.plan, frames: 1 });
  return readInfo(image, source.header, format, allowsGps);
}

/** Counts the pixels that are decoded beyond the first time: to measure each kind of `trim`, to describe the source, and to draw. */
function countDecoded({ header, size }: Source, results: readonly Wanted[]): number {
  const framesOf = ({ options, plan }: Wanted) => {
    // A GIF or WebP has only changes from one frame to the next, so all frames before the wanted one are decoded.
    const isSequential = header.format === 'gif' || header.format === 'webp';
    return isSequential && options.frame !== undefined ? options.frame + 1 : plan.frames;
  };
  const trims = [...new Map(results.filter(isTrimmed).map((result) => [trimKey(result), result])).values()];
  const draws = areShared(results) ? results.slice(0, 1) : results;
  const described = results.some(({ options }) => options.info) ? 1 : 0;
  const frames = [...trims, ...draws].reduce((sum, result) => sum + framesOf(result), described);
  const free = Math.max(...results.map(({ plan }) => plan.frames));
  return (frames - free) * size.width * size.height;
}

const isTrimmed = ({ options }: Wanted) => options.trim !== undefined;

/** Whatever changes what `trim` leaves. */
function trimKey({ options }: Wanted): string {
  const { trim, rotate, flip, flop, frame } = options;
  return JSON.stringify([trim, rotate, flip, flop, frame, fillOf(options)]);
}

/** Measures what `trim` leaves, and plans the results again for it. */
async function trimAll(source: Source, results: readonly Wanted[]): Promise<Wanted[]> {
  const areas = new Map<string, Area | undefined>();
  // One after another, so that only one decoded image is in memory.
  for (const result of results.filter(isTrimmed)) {
    const key = trimKey(result);
    if (!areas.has(key)) areas.set(key, await measureTrim(source, result));
  }
  return results.map((result) => {
    const area = isTrimmed(result) ? areas.get(trimKey(result)) : undefined;
    return area ? { ...result, plan: planFor(source, result.options, area) } : result;
  });
}

/** Returns what `trim` leaves of the rotated image. It measures a large image in a smaller copy. */
async function measureTrim(source: Source, { options: given, plan }: Wanted): Promise<Area | undefined> {
  // sharp mirrors an image after the extraction if it does not rotate it.
  const options = given.rotate === 0 ? { ...given, flip: false, flop: false } : given;
  const whole = rotatedSize(source.size, options.rotate);
  if (Math.min(whole.width, whole.height) < 3) return undefined;
  const scale = Math.min(1, Math.sqrt(TRIM_PIXELS / (whole.width * whole.height)));
  const scaled = (side: number) => Math.max(3, Math.round(side * scale));
  const turned = apply(turn, source.open(options, plan), { options, plan });
  const copy = turned.resize(scaled(whole.width), scaled(whole.height), { fit: 'fill' }).toColourspace('srgb');
  const pixels = await toPixels(copy);
  const { info } = await fromPixels(pixels)
    .trim({ threshold: options.trim ?? 0 })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const span = (offset: number, part: number, from: number, to: number): [start: number, length: number] => {
    const start = Math.floor((Math.abs(offset) * to) / from);
    return [start, Math.min(to, Math.ceil(((Math.abs(offset) + part) * to) / from)) - start];
  };
  const [left, width] = span(info.trimOffsetLeft ?? 0, info.width, pixels.width, whole.width);
  const [top, height] = span(info.trimOffsetTop ?? 0, info.height, pixels.height, whole.height);
  return { left, top, width, height };
}

async function makeAll(
  source: Source,
  results: readonly Wanted[],
  limits: ImagingLimits,
): Promise<Omit<Processed, 'info'>> {
  const shared = areShared(results) ? await decodeForAll(source, results) : undefined;
  const images: ProcessedImage[] = [];
  let preview: Preview | undefined;
  // One result after another, so that only one decoded image is in memory.
  for (const result of results) {
    const { options, plan } = result;
    const open = (as: Wanted) =>
      shared ? apply(draw, fromPixels(shared), withExactSize(as)) : apply(draw, source.open(options, plan), as);
    const made = await makeOne(open, result, source, limits, preview === undefined);
    preview ??= made.preview;
    images.push({ ...made.image, format: options.format });
  }
  if (!preview) throw new Error('no result is wanted');
  return { images, ...preview };
}

/** What a client can show or compare without the result. */
type Preview = Pick<Processed, 'placeholder' | 'dhash'>;

/** Makes a result from the pipeline that draws it. */
async function makeOne(
  open: (as: Wanted) => Sharp,
  wanted: Wanted,
  source: Source,
  { watermarks }: ImagingLimits,
  withPreview: boolean,
): Promise<{ image: Encoded; preview?: Preview }> {
  const { options, plan } = wanted;
  const { delay, loop } = source.header;
  const animation: Animation = plan.frames > 1 ? { ...(delay && { delay }), ...(loop !== undefined && { loop }) } : {};
  const isPadded = plan.size.width > plan.drawn.width || plan.size.height > plan.drawn.height;
  const area = plan.size.width * plan.size.height;
  const hasOverlay = options.watermark !== undefined || options.round !== undefined;
  const keep = (image: Sharp) => keepProfile(keepMetadata(image, options, source.header), options);
  if (!withPreview && !hasOverlay && !isPadded && options.maxBytes === undefined) {
    return { image: await encode(() => keep(open(wanted)), options, area, animation) };
  }

  const isOpaque = options.format === 'jpeg' || options.background !== undefined || !addsTransparency(source, wanted);
  // Raw grey pixels have no transparency, and a PNG has no frames.
  const isGreyAlpha = !isOpaque && options.grayscale;
  const needsPng = plan.frames === 1 && (needsSource(options) || isGreyAlpha);
  const rendered = async (image: Sharp): Promise<Drawn> => {
    const opaque = isOpaque ? image.removeAlpha() : image;
    return needsPng ? toPng(keep(opaque)) : ofPixels(await toPixels(opaque));
  };
  const inColour = { options: { ...options, grayscale: false }, plan };
  let drawn = await rendered(open(plan.frames > 1 && isGreyAlpha ? inColour : wanted));
  if (hasOverlay) drawn = await rendered(drawn.open().composite(await overlaysOf(options, drawn.size, watermarks)));
  if (isPadded) drawn = await rendered(drawn.open().extend({ ...plan.pad, background: fillOf(options) }));
  const { open: openDrawn } = drawn;
  const image = await encode(() => keep(grey(openDrawn(), options, plan)), options, area, animation);
  if (!withPreview) return { image };
  const pixels = firstFrame(await drawn.pixels());
  return { image, preview: { placeholder: makePlaceholder(pixels), dhash: differenceHash(pixels) } };
}

/** A rendered image, from which a pipeline can start. */
interface Drawn {
  size: Size;
  open(): Sharp;
  pixels(): Promise<Pixels>;
}

function ofPixels(pixels: Pixels): Drawn {
  return { size: pixels, open: () => fromPixels(pixels), pixels: async () => pixels };
}

/** Renders an image with its metadata and the transparency of grey pixels, which raw pixels do not have. */
async function toPng(image: Sharp): Promise<Drawn> {
  const { data, info } = await image.png({ compressionLevel: 0 }).toBuffer({ resolveWithObject: true });
  return { size: info, open: () => sharp(data), pixels: () => toPixels(sharp(data).toColourspace('srgb')) };
}

function keepProfile(image: Sharp, options: FullOptions): Sharp {
  return options.keepProfile ? image.keepIccProfile() : image;
}

/** Whether a result without a background has transparent pixels. */
function addsTransparency({ header: { hasAlpha } }: Source, { options, plan }: Wanted): boolean {
  const { rotate, fit, round } = options;
  const isPadded = plan.size.width > plan.drawn.width || plan.size.height > plan.drawn.height;
  return hasAlpha || rotate % 90 !== 0 || fit === 'contain' || round !== undefined || isPadded;
}

/** Whether the source is decoded once for several results. */
function areShared(results: readonly Wanted[]): boolean {
  return results.length > 1 && results.every((result) => canShare(result) && !isTrimmed(result));
}

/** Whether a result can be drawn from pixels that are smaller than the source. */
function canShare({ options, plan }: Wanted): boolean {
  const { frame, gamma, rotate } = options;
  const isWhole = plan.area === undefined && plan.frames === 1 && frame === undefined;
  return isWhole && gamma === undefined && rotate % 90 === 0 && !needsSource(options);
}

/**
 * Decodes a source once for several results: upright, no larger than the largest result needs, and grey if every result is grey.
 */
function decodeForAll({ open, header, size }: Source, wanted: readonly Wanted[]): Promise<Pixels> {
  const [first] = wanted;
  if (!first) throw new Error('no result is wanted');
  const scale = Math.min(1, Math.max(...wanted.map(({ plan }) => plan.scale)));
  const scaled = (side: number) => Math.max(1, Math.round(side * scale));
  const image = open(first.options, first.plan).autoOrient();
  const resized = image.resize(scaled(size.width), scaled(size.height), { fit: 'fill' });
  // A transparent image stays in colour, since its background may have a colour.
  const isGrey = !header.hasAlpha && wanted.every(({ options }) => options.grayscale && !changesColours(options));
  return toPixels(isGrey ? resized.toColourspace('b-w') : resized);
}

/** Whether a step depends on the colours of a source, also where the result is grey. */
function changesColours(options: FullOptions): boolean {
  const names = ['threshold', 'brightness', 'lightness', 'contrast', 'normalise'] as const;
  return names.some((name) => options[name] !== undefined);
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
    : { ...wanted, options: { ...wanted.options, ...wanted.plan.drawn, fit: 'fill', enlarge: true } };
}
