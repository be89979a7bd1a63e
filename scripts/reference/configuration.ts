import { z } from 'zod';
import { settings } from '../../src/shared/settings.ts';
import { page, table } from './markdown.ts';

interface Setting {
  description: string;
  /** As the text of an environment variable. */
  default?: string;
}

const { properties } = z.toJSONSchema(settings, { io: 'input' });
const entries = Object.entries(properties as unknown as Record<string, Setting>);

/** Builds the page of all settings. */
export function configurationPage(): string {
  return page(
    'Configuration',
    'The API and the worker read these settings from the environment. A file `.env` in the project folder sets what the\n' +
      'environment does not. [.env.example](../../.env.example) is a template for it.',
    'An empty value stands for the default. When a setting is invalid, the process names it and does not start.',
    table(
      ['Variable', 'Default', 'Meaning'],
      entries.map(([name, { description, default: value }]) => [
        name,
        value === undefined ? '*(empty)*' : `\`${value}\``,
        description,
      ]),
    ),
  );
}

/** Builds `.env.example`. */
export function environmentExample(): string {
  const head =
    '# Every setting of the service with its default. Copy this file to .env, and uncomment what you change.\n';
  const blocks = entries.map(
    ([name, { description, default: value = '' }]) => `# ${description}\n# ${name}=${value}\n`,
  );
  return [head, ...blocks].join('\n');
}
