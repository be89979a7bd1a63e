import { z } from 'zod';
import { imageOptions, optionDefaults, optionGroups } from '../../imaging/options.ts';
import { MAX_VARIANTS } from '../../imaging/outputs.ts';
import { batchFieldDescriptions } from '../upload/batch-fields.ts';

// How the document describes the options. The schemas that check them also read text, so their OpenAPI form is made here.

const { properties = {} } = z.toJSONSchema(imageOptions, { target: 'draft-2020-12', io: 'output' });
const schemas = properties as Record<string, { type: 'string' | 'boolean' }>;

/** Returns what a client gets that leaves an option out. A flag is off. */
const defaultOf = (name: string) =>
  optionDefaults[name as keyof typeof optionDefaults] ?? (schemas[name]?.type === 'boolean' ? false : undefined);

/**
 * The options with their groups and defaults, from which the web page builds its form. The defaults are an extension, because Swagger UI
 * and generated clients send a `default`. With other options it can be refused (`lossless=false` for a JPEG), or change the result
 * (`width=512` beside a height).
 */
const options = Object.fromEntries(
  Object.entries(optionGroups).flatMap(([group, names]) =>
    names.map((name) => {
      const value = defaultOf(name);
      return [
        name,
        { ...schemas[name], ...(value !== undefined && { 'x-default': value }), 'x-group': group },
      ] as const;
    }),
  ),
);

/** A set of options in JSON: of a preset, or of an upload by URL. */
export const imageOptionSet = z.record(z.string(), z.unknown()).meta({
  id: 'ImageOptions',
  description: 'Options of a result; each is optional',
  properties: {
    ...options,
    variants: {
      type: 'array',
      items: { type: 'object' },
      maxItems: MAX_VARIANTS,
      description: 'sets of these options, each with a `name`: several results of each file',
    },
  },
});

/** OpenAPI properties of the options and of the fields that describe a batch. */
export function optionProperties() {
  const text = (description: string) => ({ type: 'string' as const, description });
  return {
    ...options,
    variants: text(
      `JSON array of up to ${MAX_VARIANTS} sets of these options, each with a \`name\`: several results of each file. ` +
        'Options beside it apply to each variant that does not set them itself.',
    ),
    preset: text('a named set of options; see `GET /presets`'),
    ...Object.fromEntries(
      Object.entries(batchFieldDescriptions).map(([name, description]) => [name, text(description)]),
    ),
  };
}
