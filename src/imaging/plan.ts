import { ImageError } from './image-error.ts';
import { toEdges } from './option-values.ts';
import type { FullOptions } from './options.ts';

/** A size in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** A part of an image, in pixels. */
export interface Area extends Size {
  left: number;
  top: number;
}

/** Facts that the steps of the pipeline need before any pixel is decoded. */
export interface Plan {
  /** Part of the source to use, after its rotation; without it all. */
  area?: Area;
  /** Factor by which the image is enlarged; below 1 it is reduced. */
  scale: number;
  /** With `focus`: size to which the image is resized, and the part of it to keep. */
  focused?: { size: Size; area: Area };
  /** Size of the drawn result, without its `pad`. */
  drawn: Size;
  /** Widths of the added edges. */
  pad: { top: number; right: number; bottom: number; left: number };
  /** Size of the result. */
  size: Size;
  /** Number of frames of the result. */
  frames: number;
}

/** A result to make. */
export interface Wanted {
  options: FullOptions;
  plan: Plan;
}

/** Returns the size of an image after its rotation. */
export function rotatedSize({ width, height }: Size, degrees: number): Size {
  if (degrees % 180 === 0) return { width, height };
  if (degrees % 90 === 0) return { width: height, height: width };
  const [sin, cos] = [Math.sin, Math.cos].map((f) => Math.abs(f((degrees * Math.PI) / 180))) as [number, number];
  return { width: Math.round(width * cos + height * sin), height: Math.round(width * sin + height * cos) };
}

/**
 * Plans a result from the size of its source.
 *
 * @param source size of the image: upright, of one frame
 * @param trimmed part of the rotated image that `trim` leaves
 * @throws {ImageError} `IMAGE_UNSUITABLE` if the crop lies outside the image
 */
export function planResult(
  source: Size,
  options: FullOptions,
  { frames = 1, trimmed }: { frames?: number; trimmed?: Area } = {},
): Plan {
  const area = planArea(rotatedSize(source, options.rotate), options, trimmed);
  const { width, height } = area ?? rotatedSize(source, options.rotate);
  const scales = [options.width && options.width / width, options.height && options.height / height].filter(
    (scale) => scale !== undefined,
  );
  const isInside = options.fit === 'inside' || options.fit === 'contain';
  const wanted = isInside ? Math.min(...scales) : Math.max(...scales);
  const scale = options.enlarge ? wanted : Math.min(1, wanted);
  const scaled = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const drawn = planDrawn({ width, height }, scaled, options);
  const focused = options.focus === undefined ? undefined : focusOn(options.focus, scaled, drawn);
  const pad = toEdges(options.pad ?? '0');
  for (const side of ['top', 'right', 'bottom', 'left'] as const) pad[side] = Math.round(pad[side] * options.dpr);
  return {
    ...(area && { area }),
    scale,
    ...(focused && { focused }),
    drawn,
    pad,
    size: { width: drawn.width + pad.left + pad.right, height: drawn.height + pad.top + pad.bottom },
    frames,
  };
}

/** Returns the size that the image has after the resize. */
function planDrawn(source: Size, scaled: Size, { width, height, fit, enlarge }: FullOptions): Size {
  if (!width || !height || fit === 'inside' || fit === 'outside') return scaled;
  if (enlarge || fit === 'contain') return { width, height };
  return { width: Math.min(width, source.width), height: Math.min(height, source.height) };
}

/** Finds the part of the rotated source that `trim` and `crop` leave. It is clipped to the image. */
function planArea(rotated: Size, { crop, rotate, flip, flop }: FullOptions, trimmed?: Area): Area | undefined {
  if (crop === undefined) return trimmed;
  const whole = trimmed ?? { left: 0, top: 0, ...rotated };
  const [x = '', y = '', across = '', down = ''] = crop.split(',');
  const left = toPixels(x, whole.width);
  const top = toPixels(y, whole.height);
  const width = Math.min(Math.max(1, toPixels(across, whole.width)), whole.width - left);
  const height = Math.min(Math.max(1, toPixels(down, whole.height)), whole.height - top);
  if (width < 1 || height < 1) {
    throw new ImageError(
      'IMAGE_UNSUITABLE',
      `crop ${crop} lies outside the image of ${whole.width}×${whole.height} pixels`,
    );
  }
  // sharp mirrors an image after the crop if it does not rotate it.
  const isMirroredLater = rotate === 0;
  return {
    left: whole.left + (flop && isMirroredLater ? whole.width - left - width : left),
    top: whole.top + (flip && isMirroredLater ? whole.height - top - height : top),
    width,
    height,
  };
}

/** Reads a length in pixels or per cent. */
function toPixels(length: string, whole: number): number {
  return Math.round(length.endsWith('%') ? (Number.parseFloat(length) / 100) * whole : Number(length));
}

/** Finds the part of a resized image that has a point as near to its centre as it can. */
function focusOn(point: string, size: Size, target: Size): { size: Size; area: Area } {
  const [x = 50, y = 50] = point.split(',').map(Number);
  const width = Math.min(target.width, size.width);
  const height = Math.min(target.height, size.height);
  const offset = (percent: number, whole: number, part: number) =>
    Math.round(Math.max(0, Math.min(whole - part, (percent / 100) * whole - part / 2)));
  return { size, area: { left: offset(x, size.width, width), top: offset(y, size.height, height), width, height } };
}
