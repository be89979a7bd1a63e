import { z } from 'zod';
import { type OptionError, toOutputs } from './outputs.ts';

/** Named sets of options, as in the operator's file. */
export type Presets = Record<string, Record<string, unknown>>;

const presets = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/i, { error: 'must be 1 to 32 letters, digits, _ or -' }),
  z.record(z.string(), z.unknown()),
  { error: 'must be a JSON object of option sets by name' },
);

/**
 * Validates each preset like the options of an upload.
 *
 * @param watermarks names of the operator's watermarks
 * @returns the presets, or all errors by preset and option
 */
export function toPresets(
  json: unknown,
  watermarks: readonly string[] = [],
): { presets: Presets } | { errors: OptionError[] } {
  const parsed = presets.safeParse(json);
  if (!parsed.success) {
    return {
      errors: parsed.error.issues.map(({ path, message }) => ({ name: path.join('.') || 'the file', message })),
    };
  }
  const errors = Object.entries(parsed.data).flatMap(([preset, options]) => {
    const result = toOutputs(options, watermarks);
    return 'errors' in result ? result.errors.map(({ name, message }) => ({ name: `${preset}.${name}`, message })) : [];
  });
  return errors.length > 0 ? { errors } : { presets: parsed.data };
}
