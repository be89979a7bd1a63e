import { z } from 'zod';
import type { FormatName } from '../shared/setting-types.ts';

// The options of an upload. The API imports this file too, so it must not import sharp, directly or indirectly.

/** Maximum side of a result in pixels. */
export const MAX_SIDE = 4096;
/** Maximum pixels of all results of one file together. Each AVIF pixel counts {@link AVIF_WEIGHT} times. */
export const MAX_OUTPUT_PIXELS = 34_000_000;
/** Approximate cost of encoding an AVIF pixel, relative to other formats. */
export const AVIF_WEIGHT = 4;
/** Maximum number of results of one file. */
export const MAX_VARIANTS = 8;
/** Width of a result in pixels if neither side is given. */
const DEFAULT_WIDTH = 512;

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  // A form field contains the number as text.
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value),
    z.int({ error }).min(min, { error }).max(max, { error }),
  );
}

function decimal(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,4}(\.\d{1,4})?$/.test(value) ? Number(value) : value),
    z.number({ error }).min(min, { error }).max(max, { error }),
  );
}

function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

const flag = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean({ error: 'must be true or false' }),
);

const positions = [
  'centre',
  'center',
  'north',
  'northeast',
  'east',
  'southeast',
  'south',
  'southwest',
  'west',
  'northwest',
  'entropy',
  'attention',
] as const;

const shape = {
  width: wholeNumber(1, MAX_SIDE).describe(`width in pixels; ${DEFAULT_WIDTH} if \`height\` is not set either`),
  height: wholeNumber(1, MAX_SIDE).describe('height in pixels; by default the aspect ratio is kept'),
  fit: oneOf(['cover', 'contain', 'inside', 'outside', 'fill']).describe(
    'how to fit the image to width and height, if both are set: crop it (`cover`, the default), pad it (`contain`), make it as large as possible within both (`inside`), as small as possible covering both (`outside`), or stretch it (`fill`)',
  ),
  position: oneOf(positions).describe(
    'part of the image that `cover` keeps, and place where `contain` puts the image; with `cover`, `entropy` keeps the part with the most detail and `attention` the most salient part',
  ),
  enlarge: flag.describe('whether a smaller image is enlarged; `true` by default'),
  grayscale: flag.describe('whether the image is converted to grayscale; `true` by default'),
  format: oneOf(['jpeg', 'png', 'webp', 'avif', 'original']).describe('file format of the result; `jpeg` by default'),
  quality: wholeNumber(1, 100).describe('quality of JPEG, WebP and AVIF; 80 by default'),
  rotate: wholeNumber(0, 270)
    .refine((degrees) => degrees % 90 === 0, { error: 'must be 0, 90, 180 or 270' })
    .describe('clockwise rotation in degrees, after the EXIF orientation was applied: 0, 90, 180 or 270'),
  background: z
    .string()
    .regex(/^(#([0-9a-f]{3}|[0-9a-f]{6})|white|black)$/i, { error: 'must be a colour such as #ffffff, white or black' })
    .describe(
      'colour behind transparent pixels and of the padding of `contain`; by default white for JPEG, and transparent for other formats',
    ),
  blur: decimal(0.3, 50).describe('radius (sigma) of a Gaussian blur, in pixels of the result'),
  sharpen: decimal(0.1, 10).describe('radius (sigma) of sharpening, in pixels of the result'),
  keepMetadata: flag.describe(
    'whether EXIF (which may contain the location of the camera) and XMP are kept; `false` by default',
  ),
};

/** A set of options. Each is optional. Without options the default pipeline runs. */
export const imageOptions = z
  .strictObject(shape)
  .partial()
  .refine(({ fit, position }) => !(fit === 'contain' && (position === 'entropy' || position === 'attention')), {
    path: ['position'],
    error: 'must be a direction with the fit contain; entropy and attention need cover',
  });
/** See {@link imageOptions}. */
export type ImageOptions = z.infer<typeof imageOptions>;

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

/** An entry of `variants`: a name and options. */
const variant = z.looseObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/i, {
    error: 'must be 1 to 32 letters, digits, _ or -, and begin with a letter or digit',
  }),
});

/** The field `variants`: several results of each file, with different names. */
const variants = z
  .array(variant, { error: 'must be a JSON array' })
  .min(1, { error: 'must have at least one entry' })
  .max(MAX_VARIANTS, { error: `must have at most ${MAX_VARIANTS} entries` })
  .refine((list) => new Set(list.map(({ name }) => name.toLowerCase())).size === list.length, {
    error: 'must have a different name in each entry',
  });

/** The options of an upload: those that apply to all results, and `variants` if there are several. */
const outputOptions = z.looseObject({ variants: variants.optional() });

/** An invalid option. */
export interface OptionError {
  /** Name of the option, such as `width` or `variants[1].width`. */
  name: string;
  /** Continues the name, as in `must be true or false`. */
  message: string;
}

/**
 * Converts options to the results to make of each file. Options beside `variants` apply to each variant that does not override them.
 *
 * @returns the outputs, or all invalid options
 */
export function toOutputs(given: Record<string, unknown>): { outputs: Output[] } | { errors: OptionError[] } {
  const whole = outputOptions.safeParse(given);
  if (!whole.success) return { errors: toOptionErrors(whole.error, '') };
  const { variants: named = [], ...common } = whole.data;

  const commonOptions = imageOptions.safeParse(common);
  if (!commonOptions.success) return { errors: toOptionErrors(commonOptions.error, '') };
  if (named.length === 0) return checkOutputPixels([{ options: commonOptions.data }]);

  const outputs: Output[] = [];
  const errors: OptionError[] = [];
  for (const [index, { name, ...own }] of named.entries()) {
    const parsed = imageOptions.safeParse({ ...common, ...own });
    if (parsed.success) outputs.push({ name, options: parsed.data });
    else errors.push(...toOptionErrors(parsed.error, `variants[${index}]`));
  }
  return errors.length > 0 ? { errors } : checkOutputPixels(outputs);
}

/** Rejects outputs that exceed {@link MAX_OUTPUT_PIXELS} for any image, because their sizes are given. */
function checkOutputPixels(outputs: Output[]): { outputs: Output[] } | { errors: OptionError[] } {
  const known = outputs.map(({ options: { width, height, format } }) => ({
    pixels: width && height ? width * height : 0,
    format: format ?? 'jpeg',
  }));
  const excess = describeExcess(known);
  return excess ? { errors: [{ name: outputs.length > 1 ? 'variants' : 'width', message: excess }] } : { outputs };
}

/** Returns an error message if the results together exceed {@link MAX_OUTPUT_PIXELS}. */
export function describeExcess(outputs: readonly { pixels: number; format: string }[]): string | undefined {
  const weights = outputs.map(({ pixels, format }) => pixels * (format === 'avif' ? AVIF_WEIGHT : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total <= MAX_OUTPUT_PIXELS) return undefined;
  return `would make ${inMegapixels(total)} megapixels of results (AVIF pixels count ${AVIF_WEIGHT} times); the limit is ${inMegapixels(MAX_OUTPUT_PIXELS)}`;
}

/** Converts pixels to megapixels. Rounds up to one decimal, so that a number just above a limit never looks equal to it. */
export function inMegapixels(pixels: number): number {
  return Math.ceil(pixels / 100_000) / 10;
}

function toOptionErrors(error: z.ZodError, prefix: string): OptionError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.reduce<string>(
      (name, part) => (typeof part === 'number' ? `${name}[${part}]` : name ? `${name}.${String(part)}` : String(part)),
      prefix,
    );
    if (issue.code !== 'unrecognized_keys') return [{ name: path, message: issue.message }];
    return issue.keys.map((key) => ({
      name: path ? `${path}.${key}` : key,
      message: `is unknown; the options are ${Object.keys(shape).join(', ')}, variants and preset`,
    }));
  });
}

/** Fills in the defaults. The format `original` becomes the format of the source. */
export function withDefaults(options: ImageOptions, sourceFormat: FormatName) {
  const {
    width,
    height,
    fit = 'cover',
    position = 'centre',
    enlarge = true,
    grayscale = true,
    format = 'jpeg',
  } = options;
  const { quality = 80, rotate = 0, background, blur, sharpen, keepMetadata = false } = options;
  return {
    width: width ?? (height === undefined ? DEFAULT_WIDTH : undefined),
    height,
    fit,
    position,
    enlarge,
    grayscale,
    format: format === 'original' ? sourceFormat : format,
    quality,
    rotate,
    background,
    blur,
    sharpen,
    keepMetadata,
  };
}
/** See {@link withDefaults}. */
export type FullOptions = ReturnType<typeof withDefaults>;
