import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { createBatches } from '../batches.ts';
import { createHttp } from '../http.ts';
import { addBatchCommands, type Connect } from './batch-commands.ts';
import { addPushCommand } from './push-command.ts';

/** Creates the program. */
export function createProgram(signal: AbortSignal): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const program = new Command('async-images')
    .description('Processes images with an async image service.')
    .version(version)
    .addOption(
      new Option('--url <address>', 'address of the service').env('ASYNC_IMAGES_URL').default('http://localhost:3000'),
    )
    .addOption(new Option('--api-key <key>', 'API key').env('ASYNC_IMAGES_API_KEY'))
    .showHelpAfterError('(use --help for all commands and options)');
  const connect: Connect = async (flags) => {
    const { url, apiKey } = flags as { url: string; apiKey?: string };
    const http = createHttp({ baseUrl: checkAddress(url), apiKey });
    // Reports at once that there is no service, instead of after several attempts.
    await http.send('/healthz', { signal, maxAttempts: 1 }, (response) => response.body?.cancel());
    return { http, batches: createBatches(http), signal };
  };
  addPushCommand(program, connect);
  addBatchCommands(program, connect);
  return program;
}

function checkAddress(url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url;
  throw new Error(`The address of the service must begin with http:// or https://, not "${url}". Correct --url.`);
}
