import { type Output, optionDescriptions, toOutputs } from '../../imaging/options.ts';
import type { Presets } from '../../imaging/presets.ts';
import { ServiceError } from '../../shared/errors.ts';

/** Rules for the options of an upload. */
export interface OptionRules {
  presets: Presets;
  /** Whether an upload may set only `preset`, and no other option. */
  presetsOnly: boolean;
}

/** All text fields that an upload may contain. */
export const optionFields: readonly string[] = [...Object.keys(optionDescriptions), 'variants', 'preset'];

/**
 * Parses the text fields of a form as options.
 *
 * @param fields text of each field by name. The caller has checked that the names are in {@link optionFields}.
 * @returns the results to make of each file
 * @throws {ServiceError} `INVALID_OPTION` that lists all invalid options
 */
export function readFormOptions(fields: Record<string, unknown>, { presets, presetsOnly }: OptionRules): Output[] {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string') throw invalid(`${name} must be given once`);
  }
  // A browser sends every field of a form, so an empty field counts as absent.
  const { preset, ...own } = Object.fromEntries(
    Object.entries(fields as Record<string, string>).filter(([, value]) => value !== ''),
  );
  if (presetsOnly && Object.keys(own).length > 0) {
    throw invalid(`${Object.keys(own).join(', ')} cannot be set here; this service takes only preset`);
  }
  if (preset !== undefined && !Object.hasOwn(presets, preset)) {
    throw invalid(`preset must be one of ${Object.keys(presets).join(', ') || '(there are none)'}`);
  }
  const result = toOutputs({ ...(preset !== undefined && presets[preset]), ...own, ...parseVariants(own.variants) });
  if ('errors' in result) throw invalid(...result.errors.map(({ name, message }) => `${name} ${message}`));
  return result.outputs;
}

function parseVariants(text: string | undefined): { variants?: unknown } {
  if (text === undefined) return {};
  try {
    return { variants: JSON.parse(text) };
  } catch (cause) {
    throw invalid(`variants must be a JSON array (${cause instanceof Error ? cause.message : cause})`);
  }
}

function invalid(...problems: string[]): ServiceError {
  return new ServiceError('INVALID_OPTION', [problems]);
}
