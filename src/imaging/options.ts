import { z } from 'zod';
import type { FormatName, ResultFormat } from '../shared/setting-types.ts';
import {
  area,
  colour,
  decimal,
  edges,
  flag,
  flagOr,
  MAX_SIDE,
  oneOf,
  point,
  wholeNumber,
  wholeNumberOr,
} from './option-values.ts';
import { directions, watermark } from './watermark-option.ts';

// The options of a result. The API imports this file too, so it must not import sharp, directly or indirectly.

/** Width of a result in pixels if neither side is given. */
const DEFAULT_WIDTH = 512;

const positions = [...directions, 'entropy', 'attention'] as const;

/** All options, by what they change. */
const groups = {
  'Size and shape': {
    width: wholeNumber(1, MAX_SIDE).describe(`width in pixels; ${DEFAULT_WIDTH} if \`height\` is not set either`),
    height: wholeNumber(1, MAX_SIDE).describe('height in pixels; by default the aspect ratio is kept'),
    dpr: decimal(1, 4).describe(
      'device pixel ratio: factor of `width`, `height`, `pad`, `round` and the margin of `watermark`',
    ),
    fit: oneOf(['cover', 'contain', 'inside', 'outside', 'fill']).describe(
      'how to fit the image to width and height, if both are set: crop it (`cover`, the default), pad it (`contain`), make it as large as possible within both (`inside`), as small as possible covering both (`outside`), or stretch it (`fill`)',
    ),
    position: oneOf(positions).describe(
      'part of the image that `cover` keeps, and place where `contain` puts the image; with `cover`, `entropy` keeps the part with the most detail and `attention` the most salient part',
    ),
    focus: point.describe(
      'point that `cover` keeps as near to the centre as it can, as `x,y` in per cent; needs width and height, instead of `position`',
    ),
    enlarge: flag.describe('whether a smaller image is enlarged'),
    crop: area.describe('part of the original to use: `x,y,width,height` in pixels or per cent, after `trim`'),
    trim: decimal(0, 255).describe(
      'removes a border that has the colour of the top left pixel; the value is the allowed difference from it, such as 10',
    ),
    rotate: decimal(-360, 360).describe(
      'clockwise rotation in degrees, after the EXIF orientation was applied; `background` fills the corners',
    ),
    flip: flag.describe('whether the image is mirrored top to bottom'),
    flop: flag.describe('whether the image is mirrored left to right'),
    round: wholeNumberOr(1, MAX_SIDE, 'max').describe(
      'radius of rounded corners in pixels; `max` makes a circle or a pill',
    ),
    pad: edges.describe('pixels added around the result: 1 to 4 numbers, as in CSS'),
    background: colour.describe(
      'colour behind transparent pixels, of `pad`, and around an image with the fit `contain`; by default white for JPEG, and transparent for other formats',
    ),
  },
  Colours: {
    grayscale: flag.describe('whether the result is grayscale'),
    tint: colour.describe('colour in which all brightnesses are drawn; needs `grayscale=false`'),
    brightness: decimal(0, 10).describe('factor of the brightness'),
    contrast: decimal(0, 10).describe('factor of the contrast'),
    saturation: decimal(0, 10).describe('factor of the saturation; needs `grayscale=false`'),
    hue: decimal(-360, 360).describe('rotation of the hue in degrees; needs `grayscale=false`'),
    lightness: decimal(-100, 100).describe('number added to the lightness, which is 0 for black and 100 for white'),
    gamma: decimal(1, 3).describe(
      'darkens the image by this gamma before the resize and brightens it after that, so that fine bright details keep their brightness',
    ),
    normalise: flag.describe('whether the brightness is stretched to the full range from black to white'),
    threshold: wholeNumber(1, 255).describe('makes pixels of this brightness or more white, and all others black'),
    negate: flag.describe('whether the colours are inverted'),
  },
  'Sharpness and noise': {
    blur: decimal(0.3, 50).describe('radius (sigma) of a Gaussian blur, in pixels of the result'),
    sharpen: decimal(0.1, 10).describe('radius (sigma) of sharpening, in pixels of the result'),
    median: wholeNumber(2, 9).describe('side in pixels of a median filter, which removes noise'),
  },
  Watermark: {
    watermark: watermark.describe(
      'image or text on the result: the name of an image of the operator, or a JSON object with `image` or `text`, and `color`, `position` (`southeast`), `opacity` (0.5), `scale` (25 per cent of the width), `margin` (16 pixels) and `tile`',
    ),
  },
  File: {
    format: oneOf(['jpeg', 'png', 'webp', 'avif', 'gif', 'original']).describe('file format of the result'),
    quality: wholeNumberOr(1, 100, 'auto').describe(
      'quality of JPEG, WebP and AVIF; 80 by default. `auto` chooses it by the format and the number of pixels',
    ),
    maxBytes: wholeNumber(100, 100_000_000).describe(
      'most bytes of the result: the highest quality from 10 to `quality` that fits is used',
    ),
    lossless: flag.describe('whether WebP and AVIF keep every pixel'),
    progressive: flag.describe('whether JPEG and PNG can be shown before they are loaded completely'),
    effort: wholeNumber(0, 6).describe('effort to make WebP (4 by default) and AVIF (2) small, from 0 (fast) to 6'),
    chromaSubsampling: oneOf(['4:2:0', '4:4:4']).describe(
      'resolution of the colours of JPEG and AVIF; `4:2:0` stores a quarter of them',
    ),
    colors: wholeNumber(2, 256).describe('most colours of PNG and GIF, which then have a palette'),
    keepMetadata: flagOr(['none', 'copyright', 'all-but-gps', 'all']).describe(
      'metadata that are kept: `none` (the default, or `false`), `copyright` and artist, EXIF without the location and without XMP (`all-but-gps`), or all EXIF and XMP (`all`, or `true`)',
    ),
    keepProfile: flag.describe(
      'whether the colour profile is kept; otherwise the colours are converted to sRGB. Needs `grayscale=false`',
    ),
  },
  Original: {
    info: flag.describe('whether the status describes the original: its size, colours, camera and more'),
  },
  Animation: {
    animated: flag.describe('whether an animation stays one, as GIF or WebP; otherwise the result is a still image'),
    frame: wholeNumber(0, 9999).describe('frame of an animation that becomes a still image, from 0'),
  },
};

const shape = {
  ...groups['Size and shape'],
  ...groups.Colours,
  ...groups['Sharpness and noise'],
  ...groups.Watermark,
  ...groups.File,
  ...groups.Original,
  ...groups.Animation,
};

/** Names of the options of each group. */
export const optionGroups: Record<string, string[]> = Object.fromEntries(
  Object.entries(groups).map(([group, options]) => [group, Object.keys(options)]),
);

/** Options beside `variants`. Whether they contradict each other depends on the variant. */
export const commonOptions = z.strictObject(shape).partial();
type AllOptions = z.infer<typeof commonOptions>;
type OptionName = keyof AllOptions;

/** Formats that have an option. */
const encodings: Partial<Record<OptionName, readonly string[]>> = {
  progressive: ['jpeg', 'png'],
  lossless: ['webp', 'avif'],
  effort: ['webp', 'avif'],
  chromaSubsampling: ['jpeg', 'avif'],
  colors: ['png', 'gif'],
  keepProfile: ['jpeg', 'png', 'webp', 'avif'],
};

/** Options that a pixel of one frame would carry into another, or that libvips applies only to a single frame. */
const STILL_ONLY = [
  'frame',
  'flip',
  'rotate',
  'trim',
  'crop',
  'median',
  'blur',
  'sharpen',
  'watermark',
  'round',
  'keepProfile',
] as const satisfies OptionName[];

/** Options that a grayscale result does not show. */
const COLOUR_ONLY = ['saturation', 'hue', 'tint', 'keepProfile'] as const satisfies OptionName[];

const isSet = (value: unknown) => value !== undefined && value !== false;

/** Finds options that contradict each other. */
function contradictions(options: AllOptions): { path: [OptionName]; message: string }[] {
  const {
    fit = 'cover',
    position,
    focus,
    width,
    height,
    dpr = 1,
    grayscale = true,
    format = 'jpeg',
    animated,
  } = options;
  const found: { path: [OptionName]; message: string }[] = [];
  const refuse = (name: OptionName, message: string) => found.push({ path: [name], message });
  const isSmart = position === 'entropy' || position === 'attention';
  if (fit === 'contain' && isSmart) {
    refuse('position', 'must be a direction with the fit contain; entropy and attention need cover');
  }
  if (focus !== undefined && !(fit === 'cover' && width && height)) {
    refuse('focus', 'needs width, height and the fit cover');
  }
  if (focus !== undefined && position !== undefined) refuse('focus', 'cannot be combined with position');
  for (const [name, side] of Object.entries({ width, height })) {
    if (side && dpr > 1 && side * dpr > MAX_SIDE) refuse('dpr', `must not make ${name} more than ${MAX_SIDE} pixels`);
  }
  for (const name of COLOUR_ONLY) {
    if (grayscale && isSet(options[name])) refuse(name, 'needs grayscale to be false');
  }
  for (const [name, formats] of Object.entries(encodings) as [OptionName, readonly string[]][]) {
    if (format === 'original' || formats.includes(format)) continue;
    if (isSet(options[name])) refuse(name, `needs the format ${formats.join(' or ')}`);
  }
  if (!animated) return found;
  if (!['gif', 'webp', 'original'].includes(format)) refuse('animated', 'needs the format gif or webp');
  for (const name of STILL_ONLY) if (isSet(options[name])) refuse(name, 'cannot be used with animated');
  if (toKept(options.keepMetadata ?? 'none') === 'all') refuse('keepMetadata', 'cannot be all with animated');
  if (isSmart) refuse('position', 'must be a direction with animated');
  return found;
}

/** A set of options. Each is optional. Without options the default pipeline runs. */
export const imageOptions = commonOptions.superRefine((options, context) => {
  for (const found of contradictions(options)) context.addIssue({ code: 'custom', ...found });
});
/** See {@link imageOptions}. */
export type ImageOptions = AllOptions;

/** Description of each option, by name. */
export const optionDescriptions: Record<keyof ImageOptions, string> = Object.fromEntries(
  Object.entries(shape).map(([name, schema]) => [name, schema.description ?? '']),
) as Record<keyof ImageOptions, string>;

/**
 * One result to make, as stored in a job. It has no name if it is the only result of its file. Unlike the options of a request, it may
 * contain unknown options, since a newer version may have written it.
 */
export const output = z.object({ name: z.string().optional(), options: z.object(shape).partial() });
/** See {@link output}. */
export type Output = z.infer<typeof output>;

/** Amount of metadata that a result keeps. */
export type KeptMetadata = Exclude<NonNullable<ImageOptions['keepMetadata']>, boolean>;

/**
 * Fills in the defaults and multiplies lengths by `dpr`. The format `original` becomes the format of the source, and JPEG if that can only
 * be read.
 */
export function withDefaults(options: ImageOptions, sourceFormat: FormatName) {
  const { dpr = 1, width, height, format = 'jpeg', keepMetadata = 'none' } = options;
  const scaled = (length: number | undefined) => length && Math.max(1, Math.round(length * dpr));
  return {
    ...options,
    dpr,
    width: scaled(width ?? (height === undefined ? DEFAULT_WIDTH : undefined)),
    height: scaled(height),
    fit: options.fit ?? 'cover',
    position: options.position ?? 'centre',
    enlarge: options.enlarge ?? true,
    grayscale: options.grayscale ?? true,
    format: format === 'original' ? toResultFormat(sourceFormat) : format,
    quality: options.quality ?? 80,
    rotate: (((options.rotate ?? 0) % 360) + 360) % 360,
    keepMetadata: toKept(keepMetadata),
  };
}

function toResultFormat(sourceFormat: FormatName): ResultFormat {
  return sourceFormat === 'heic' ? 'jpeg' : sourceFormat;
}

function toKept(given: NonNullable<ImageOptions['keepMetadata']>): KeptMetadata {
  if (typeof given === 'string') return given;
  return given ? 'all' : 'none';
}
/** See {@link withDefaults}. */
export type FullOptions = ReturnType<typeof withDefaults>;

/** Default of each option that has one. A flag that is not set acts as `false`, unless it is listed here. */
export const optionDefaults: Partial<FullOptions> = withDefaults({}, 'jpeg');
