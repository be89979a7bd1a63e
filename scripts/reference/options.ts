import {
  type ImageOptions,
  imageOptions,
  optionDefaults,
  optionDescriptions,
  optionGroups,
} from '../../src/imaging/options.ts';
import { MAX_VARIANTS } from '../../src/imaging/outputs.ts';
import { page, table } from './markdown.ts';

/** No option accepts this value, so each error message lists the accepted values. */
const INVALID = '?';

function row(name: keyof ImageOptions): string[] {
  const values = imageOptions.shape[name].safeParse(INVALID).error?.issues[0]?.message.replace('must be ', '') ?? '';
  const value = optionDefaults[name];
  return [name, values, value === undefined ? '' : `\`${value}\``, optionDescriptions[name]];
}

/** Builds the page of the options of an upload. */
export function optionsPage(): string {
  return page(
    'Options',
    'Form fields of an upload, parameters of its URL, or members of `options` in JSON. They apply to every file. An empty field counts as absent.\n' +
      'An invalid option is refused with 400 `INVALID_OPTION`, whose `detail` names every invalid option.\n' +
      'The order in which options act is in [Options by example](../options.md#order).',
    ...Object.entries(optionGroups).flatMap(([group, names]) => [
      `## ${group}`,
      table(['Option', 'Values', 'Default', 'Meaning'], (names as (keyof ImageOptions)[]).map(row)),
    ]),
    '## Sets of options',
    table(
      ['Field', 'Meaning'],
      [
        [
          'variants',
          `JSON array of 1 to ${MAX_VARIANTS} named sets of options: [several results of each file](../usage.md#variants)`,
        ],
        ['preset', 'name of a set of options that the operator has defined: see [presets](../usage.md#presets)'],
      ],
    ),
  );
}
