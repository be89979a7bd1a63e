import { type Command, Option } from 'commander';
import type { UploadOptions } from '../types.ts';
import { uploadFields } from '../upload-fields.ts';
import { checkJson, toNumber } from './flag-values.ts';

type Field = { name: string; type: string; values?: readonly string[]; description: string };

/** Fields whose text is JSON. */
const JSON_FIELDS = ['variants', 'metadata'];

/** Adds a flag for each option of the service. `keepMetadata` becomes `--keep-metadata`. */
export function addServiceFlags(command: Command): Command {
  for (const field of uploadFields as readonly Field[]) command.addOption(toFlag(field));
  return command;
}

/** Takes the options of the service out of all flags that were given. */
export function serviceOptionsOf(flags: Record<string, unknown>): UploadOptions {
  const given = uploadFields.flatMap(({ name }) => (flags[name] === undefined ? [] : [[name, flags[name]]]));
  return Object.fromEntries(given) as UploadOptions;
}

function toFlag({ name, type, values, description }: Field): Option {
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const option = new Option(
    `${flag} <${type === 'string' && !values ? 'text' : values ? 'value' : type}>`,
    description,
  );
  if (type === 'boolean') option.choices(['true', 'false']);
  else if (values) option.choices([...values]);
  else if (type !== 'string') option.argParser(toNumber);
  else if (JSON_FIELDS.includes(name)) option.argParser(checkJson);
  return option;
}
