import { type Output, optionDescriptions } from '../../imaging/options.ts';
import { toOutputs } from '../../imaging/outputs.ts';
import type { Presets } from '../../imaging/presets.ts';
import { ServiceError } from '../../shared/errors.ts';

/** Rules for the options of a request. */
export interface OptionRules {
  presets: Presets;
  /** Whether a request may set only `preset`, and no other option. */
  presetsOnly: boolean;
  /** Names of the operator's watermarks. */
  watermarks: string[];
}

/** Names of all options. */
export const optionFields: readonly string[] = [...Object.keys(optionDescriptions), 'variants', 'preset'];

/**
 * Parses the fields of a form or the members of a JSON body as options.
 *
 * @param fields values by name; in a form all values are text, and a repeated field is an array
 * @returns the results to make of each file
 * @throws {ServiceError} `INVALID_OPTION` that lists all invalid options
 */
export function readOptions(
  fields: Record<string, unknown>,
  { presets, presetsOnly, watermarks }: OptionRules,
): Output[] {
  for (const [name, value] of Object.entries(fields)) {
    const isRepeated =
      Array.isArray(value) && (name !== 'variants' || value.some((entry) => typeof entry === 'string'));
    if (isRepeated) throw invalid(`${name} must be given once, and not as a list`);
  }
  // A browser sends every field of a form, so an empty field counts as absent.
  const { preset, ...own } = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
  if (presetsOnly && Object.keys(own).length > 0) {
    throw invalid(`${Object.keys(own).join(', ')} cannot be set here; this service takes only preset`);
  }
  if (preset !== undefined && !(typeof preset === 'string' && Object.hasOwn(presets, preset))) {
    throw invalid(`preset must be one of ${Object.keys(presets).join(', ') || '(there are none)'}`);
  }
  const ofPreset = typeof preset === 'string' ? presets[preset] : {};
  const result = toOutputs({ ...ofPreset, ...own, ...parseVariants(own.variants) }, watermarks);
  if ('errors' in result) throw invalid(...result.errors.map(({ name, message }) => `${name} ${message}`));
  return result.outputs;
}

function parseVariants(given: unknown): { variants?: unknown } {
  if (typeof given !== 'string') return given === undefined ? {} : { variants: given };
  try {
    return { variants: JSON.parse(given) };
  } catch (cause) {
    throw invalid(`variants must be a JSON array (${cause instanceof Error ? cause.message : cause})`);
  }
}

function invalid(...problems: string[]): ServiceError {
  return new ServiceError('INVALID_OPTION', [problems]);
}
