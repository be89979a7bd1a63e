import sharp, { type Metadata, type Sharp } from 'sharp';
import type { ResultFormat } from '../shared/setting-types.ts';
import { differenceHash } from './dhash.ts';
import { fillOf, grey } from './draw.ts';
import { type Animation, type Encoded, encode } from './encode.ts';
import { keepMetadata, needsSource } from './metadata.ts';
import { overlaysOf, type Watermarks } from './overlays.ts';
import { firstFrame, fromPixels, type Pixels, toPixels } from './pixels.ts';
import { makePlaceholder, type Placeholder } from './placeholder.ts';
import type { Plan, Size, Wanted } from './plan.ts';
import type { Draw } from './share-decode.ts';

/** An encoded result. */
export interface ProcessedImage extends Encoded {
  format: ResultFormat;
}

/** Values that a client can show or compare without the result. */
export interface Preview {
  placeholder: Placeholder;
  /** Perceptual hash. */
  dhash: string;
}

/** Draws and encodes the results, and makes a preview of the first. */
export async function renderAll(
  results: readonly Wanted[],
  draw: Draw,
  header: Metadata,
  watermarks: Watermarks | undefined,
): Promise<{ images: ProcessedImage[] } & Preview> {
  const images: ProcessedImage[] = [];
  let preview: Preview | undefined;
  // One result after another, so that only one decoded image is in memory.
  for (const result of results) {
    const { options, plan } = result;
    const drawn = preview && !needsMemory(result) ? undefined : await drawToMemory(result, draw, header, watermarks);
    // It is as large as the result, so nothing has to be converted before a resize.
    const open = drawn ? () => grey(drawn.open(), options, { ...plan, scale: 1 }) : () => draw(result);
    const keep = () => keepMetadata(open(), options, header);
    // libvips encodes in other threads while this one makes the preview.
    const [image, made] = await Promise.all([
      encode(keep, options, plan.size.width * plan.size.height, animationOf(plan, header)),
      preview ?? drawn?.pixels().then(toPreview),
    ]);
    images.push({ ...image, format: options.format });
    preview = made;
  }
  if (!preview) throw new Error('no result is wanted');
  return { images, ...preview };
}

function animationOf({ frames }: Plan, { delay, loop }: Metadata): Animation {
  return frames > 1 ? { ...(delay && { delay }), ...(loop !== undefined && { loop }) } : {};
}

/** Checks whether a result is composed of several pipelines, or encoded several times. */
function needsMemory({ options, plan }: Wanted): boolean {
  return hasOverlay({ options, plan }) || isPadded(plan) || options.maxBytes !== undefined;
}

function hasOverlay({ options }: Wanted): boolean {
  return options.watermark !== undefined || options.round !== undefined;
}

function isPadded({ size, drawn }: Plan): boolean {
  return size.width > drawn.width || size.height > drawn.height;
}

/** A rendered image, from which a pipeline can start. */
interface Drawn {
  size: Size;
  open(): Sharp;
  pixels(): Promise<Pixels>;
}

/** Draws a result into memory, then its overlays, then its edges. */
async function drawToMemory(
  result: Wanted,
  draw: Draw,
  header: Metadata,
  watermarks: Watermarks | undefined,
): Promise<Drawn> {
  const { options, plan } = result;
  const isOpaque = options.format === 'jpeg' || options.background !== undefined || !hasTransparency(result, header);
  // Raw grey pixels have no transparency, and a PNG has no frames.
  const isGreyAlpha = !isOpaque && options.grayscale;
  const needsPng = plan.frames === 1 && (needsSource(options) || isGreyAlpha);
  const render = async (image: Sharp): Promise<Drawn> => {
    const opaque = isOpaque ? image.removeAlpha() : image;
    return needsPng ? toPng(keepMetadata(opaque, options, header)) : ofPixels(await toPixels(opaque));
  };
  const inColour = { options: { ...options, grayscale: false }, plan };
  let drawn = await render(draw(plan.frames > 1 && isGreyAlpha ? inColour : result));
  if (hasOverlay(result)) {
    drawn = await render(drawn.open().composite(await overlaysOf(options, drawn.size, watermarks)));
  }
  if (isPadded(plan)) drawn = await render(drawn.open().extend({ ...plan.pad, background: fillOf(options) }));
  return drawn;
}

/** Checks whether a result without a background has transparent pixels. */
function hasTransparency({ options, plan }: Wanted, { hasAlpha }: Metadata): boolean {
  const { rotate, fit, round } = options;
  return hasAlpha || rotate % 90 !== 0 || fit === 'contain' || round !== undefined || isPadded(plan);
}

function ofPixels(pixels: Pixels): Drawn {
  return { size: pixels, open: () => fromPixels(pixels), pixels: async () => pixels };
}

/** Renders an image with its metadata and the transparency of grey pixels, which raw pixels do not have. */
async function toPng(image: Sharp): Promise<Drawn> {
  const { data, info } = await image.png({ compressionLevel: 0 }).toBuffer({ resolveWithObject: true });
  return { size: info, open: () => sharp(data), pixels: () => toPixels(sharp(data).toColourspace('srgb')) };
}

function toPreview(pixels: Pixels): Preview {
  const frame = firstFrame(pixels);
  return { placeholder: makePlaceholder(frame), dhash: differenceHash(frame) };
}
