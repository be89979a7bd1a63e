import { z } from 'zod';
import { type OptionFault, toOutputs } from './options.ts';

/** Named sets of options, as the operator wrote them. */
export type Presets = Record<string, Record<string, unknown>>;

const presets = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/i, { error: 'must be 1 to 32 letters, digits, _ or -' }),
  z.record(z.string(), z.unknown()),
  { error: 'must be a JSON object of option sets by name' },
);

/**
 * Checks each named set of options as if an upload had sent it.
 *
 * @returns the presets, or every error by preset and option
 */
export function toPresets(json: unknown): { presets: Presets } | { faults: OptionFault[] } {
  const parsed = presets.safeParse(json);
  if (!parsed.success) {
    return {
      faults: parsed.error.issues.map(({ path, message }) => ({ name: path.join('.') || 'the file', message })),
    };
  }
  const faults = Object.entries(parsed.data).flatMap(([preset, options]) => {
    const result = toOutputs(options);
    return 'faults' in result ? result.faults.map(({ name, message }) => ({ name: `${preset}.${name}`, message })) : [];
  });
  return faults.length > 0 ? { faults } : { presets: parsed.data };
}
