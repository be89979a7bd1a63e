import { z } from 'zod';
import { costOf, describeExcess } from './cost.ts';
import { commonOptions, imageOptions, type Output, optionDescriptions, withDefaults } from './options.ts';
import { watermarkMembers } from './watermark-option.ts';

// From the options of a request to the results to make. The API imports this file too, so it must not import sharp.

/** Maximum number of results of one file. */
export const MAX_VARIANTS = 8;

/** An entry of `variants`: a name and options. */
const nameError = 'must be 1 to 32 letters, digits, _ or -, and begin with a letter or digit';
const variant = z.looseObject(
  { name: z.string({ error: nameError }).regex(/^[a-z0-9][a-z0-9_-]{0,31}$/i, { error: nameError }) },
  { error: 'must be a JSON object with a name and options' },
);

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
 * @param watermarks names of the operator's watermarks
 * @returns the outputs, or all invalid options
 */
export function toOutputs(
  given: Record<string, unknown>,
  watermarks: readonly string[] = [],
): { outputs: Output[] } | { errors: OptionError[] } {
  const whole = outputOptions.safeParse(given);
  if (!whole.success) return { errors: toOptionErrors(whole.error, '') };
  const { variants: named = [], ...common } = whole.data;

  const own = (named.length === 0 ? imageOptions : commonOptions).safeParse(common);
  if (!own.success) return { errors: toOptionErrors(own.error, '') };
  if (named.length === 0) return checkOutputs([{ options: own.data }], watermarks);

  const outputs: Output[] = [];
  const errors: OptionError[] = [];
  for (const [index, { name, ...own }] of named.entries()) {
    const parsed = imageOptions.safeParse({ ...common, ...own });
    if (parsed.success) outputs.push({ name, options: parsed.data });
    else errors.push(...toOptionErrors(parsed.error, `variants[${index}]`));
  }
  return errors.length > 0 ? { errors } : checkOutputs(outputs, watermarks);
}

/** Rejects unknown watermarks, and outputs that cost too much for any image, because their sizes are given. */
function checkOutputs(
  outputs: Output[],
  watermarks: readonly string[],
): { outputs: Output[] } | { errors: OptionError[] } {
  const errors = outputs.flatMap(({ name, options: { watermark } }, index) => {
    if (watermark?.image === undefined || watermarks.includes(watermark.image)) return [];
    const message = `must be one of ${watermarks.join(', ') || '(there are none; see WATERMARKS_FILE)'}`;
    return [{ name: `${name === undefined ? '' : `variants[${index}].`}watermark.image`, message }];
  });
  if (errors.length > 0) return { errors };
  const known = outputs.flatMap(({ options }) => {
    const full = withDefaults(options, 'jpeg');
    return full.width && full.height ? [{ full, pixels: full.width * full.height }] : [];
  });
  const excess = describeExcess(
    known.map(({ full, pixels }) => costOf(pixels, full)),
    known.reduce((sum, { pixels }) => sum + pixels, 0),
  );
  return excess ? { errors: [{ name: outputs.length > 1 ? 'variants' : 'width', message: excess }] } : { outputs };
}

function toOptionErrors(error: z.ZodError, prefix: string): OptionError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.reduce<string>(
      (name, part) => (typeof part === 'number' ? `${name}[${part}]` : name ? `${name}.${String(part)}` : String(part)),
      prefix,
    );
    if (issue.code !== 'unrecognized_keys') return [{ name: path, message: issue.message }];
    const known =
      issue.path.at(-1) === 'watermark'
        ? `its members are ${watermarkMembers.join(', ')}`
        : `the options are ${Object.keys(optionDescriptions).join(', ')}, variants and preset`;
    return issue.keys.map((key) => ({ name: path ? `${path}.${key}` : key, message: `is unknown; ${known}` }));
  });
}
