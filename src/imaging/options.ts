import { z } from 'zod';
import type { FormatName } from '../shared/setting-types.ts';

/** What to make of a picture. This file is the API's too, so it must never reach sharp. */

/** Pixels of one side of a result, at most. */
export const MAX_SIDE = 4096;
/** Pixels of all results of one file together, at most. Each pixel of an AVIF counts {@link AVIF_WEIGHT} times. */
export const MAX_OUTPUT_PIXELS = 34_000_000;
/** How much longer an AVIF pixel takes to encode than one of another format, about. */
export const AVIF_WEIGHT = 4;
/** Results of one file, at most. */
export const MAX_VARIANTS = 8;
/** Width of a result in pixels when neither side is given. */
const DEFAULT_WIDTH = 512;

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  // From a form field it comes as text.
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
  width: wholeNumber(1, MAX_SIDE).describe(`width in pixels; ${DEFAULT_WIDTH} when no height is given either`),
  height: wholeNumber(1, MAX_SIDE).describe('height in pixels; from the proportions when not given'),
  fit: oneOf(['cover', 'contain', 'inside', 'outside', 'fill']).describe(
    'how to meet width and height together: crop (`cover`, the default), pad (`contain`), at most (`inside`), at least (`outside`), stretch (`fill`)',
  ),
  position: oneOf(positions).describe(
    'which part `cover` keeps and where `contain` puts the picture; `entropy` and `attention` find it',
  ),
  enlarge: flag.describe('whether a smaller picture is enlarged; `true` by default'),
  grayscale: flag.describe('whether it is turned grey; `true` by default'),
  format: oneOf(['jpeg', 'png', 'webp', 'avif', 'original']).describe('file format of the result; `jpeg` by default'),
  quality: wholeNumber(1, 100).describe('of JPEG, WebP and AVIF; 80 by default'),
  rotate: wholeNumber(0, 270)
    .refine((degrees) => degrees % 90 === 0, { error: 'must be 0, 90, 180 or 270' })
    .describe('degrees clockwise, after it was turned upright: 0, 90, 180 or 270'),
  background: z
    .string()
    .regex(/^(#([0-9a-f]{3}|[0-9a-f]{6})|white|black)$/i, { error: 'must be a colour such as #ffffff, white or black' })
    .describe('colour under transparency and around `contain`; white by default, for formats with transparency none'),
  blur: decimal(0.3, 50).describe('radius (sigma) of a Gaussian blur, in pixels of the result'),
  sharpen: decimal(0.1, 10).describe('radius (sigma) of sharpening, in pixels of the result'),
  keepMetadata: flag.describe(
    'whether EXIF (which may say where a picture was taken) and XMP are kept; `false` by default',
  ),
};

/** One set of options; each is optional, and without any the pipeline is the service's own. */
export const imageOptions = z
  .strictObject(shape)
  .partial()
  .refine(({ fit, position }) => !(fit === 'contain' && (position === 'entropy' || position === 'attention')), {
    path: ['position'],
    error: 'must be a direction with the fit contain; entropy and attention need cover',
  });
/** See {@link imageOptions}. */
export type ImageOptions = z.infer<typeof imageOptions>;

/** Meaning of each option, by name. */
export const optionDescriptions: Record<keyof ImageOptions, string> = Object.fromEntries(
  Object.entries(shape).map(([name, schema]) => [name, schema.description ?? '']),
) as Record<keyof ImageOptions, string>;

/**
 * One result to make, as a job holds it: without a name the only one of its file. A newer version may have written it, so unlike
 * the options of a request it may hold options that this version does not know.
 */
export const output = z.object({ name: z.string().optional(), options: z.object(shape).partial() });
/** See {@link output}. */
export type Output = z.infer<typeof output>;

/** A named set of options, as it stands in `variants`. */
const variant = z.looseObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/i, {
    error: 'must be 1 to 32 letters, digits, _ or -, and begin with a letter or digit',
  }),
});

/** Several results of each file, each with a name of its own. */
const variants = z
  .array(variant, { error: 'must be a JSON array' })
  .min(1, { error: 'must have at least one entry' })
  .max(MAX_VARIANTS, { error: `must have at most ${MAX_VARIANTS} entries` })
  .refine((list) => new Set(list.map(({ name }) => name.toLowerCase())).size === list.length, {
    error: 'must have a different name in each entry',
  });

/** Options of one upload: a set that holds for all its results, and the results if there are several. */
const outputOptions = z.looseObject({ variants: variants.optional() });

/** A fault of an option: which one, and what it must be. */
export interface OptionFault {
  /** Name of the option, such as `width` or `variants[1].width`. */
  name: string;
  message: string;
}

/**
 * Turns options into the results to make of each file. Options beside `variants` hold for each variant that does not set
 * them itself.
 *
 * @returns the outputs, or every fault by name
 */
export function toOutputs(given: Record<string, unknown>): { outputs: Output[] } | { faults: OptionFault[] } {
  const whole = outputOptions.safeParse(given);
  if (!whole.success) return { faults: toFaults(whole.error, '') };
  const { variants: named = [], ...common } = whole.data;

  const commonOptions = imageOptions.safeParse(common);
  if (!commonOptions.success) return { faults: toFaults(commonOptions.error, '') };
  if (named.length === 0) return bounded([{ options: commonOptions.data }]);

  const outputs: Output[] = [];
  const faults: OptionFault[] = [];
  for (const [index, { name, ...own }] of named.entries()) {
    const parsed = imageOptions.safeParse({ ...common, ...own });
    if (parsed.success) outputs.push({ name, options: parsed.data });
    else faults.push(...toFaults(parsed.error, `variants[${index}]`));
  }
  return faults.length > 0 ? { faults } : bounded(outputs);
}

/** Refuses by the options alone what would be too much to make, whatever the picture. */
function bounded(outputs: Output[]): { outputs: Output[] } | { faults: OptionFault[] } {
  const least = outputs.map(({ options: { width, height, format } }) => ({
    pixels: width && height ? width * height : 0,
    format: format ?? 'jpeg',
  }));
  const fault = outputFault(least);
  return fault ? { faults: [{ name: outputs.length > 1 ? 'variants' : 'width', message: fault }] } : { outputs };
}

/** Says what is wrong when results together have too many pixels. */
export function outputFault(outputs: readonly { pixels: number; format: string }[]): string | undefined {
  const weights = outputs.map(({ pixels, format }) => pixels * (format === 'avif' ? AVIF_WEIGHT : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total <= MAX_OUTPUT_PIXELS) return undefined;
  return `asks for ${inMegapixels(total)} megapixels of results, each of an AVIF counted ${AVIF_WEIGHT} times; the limit is ${inMegapixels(MAX_OUTPUT_PIXELS)}`;
}

/** Millions of pixels, rounded up to a tenth, so that what is just over a limit never reads as being at it. */
export function inMegapixels(pixels: number): number {
  return Math.ceil(pixels / 100_000) / 10;
}

function toFaults(error: z.ZodError, prefix: string): OptionFault[] {
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

/** Options with every default filled in, for a source of a format. */
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
