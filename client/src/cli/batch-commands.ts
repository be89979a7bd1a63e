import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Batches } from '../batches.ts';
import type { Http } from '../http.ts';
import type { BatchQuery } from '../types.ts';
import { toCount } from './flag-values.ts';
import { createOutputNames } from './output-names.ts';
import { print, printBatch, say } from './print.ts';
import { saveResults } from './save-results.ts';

/** The service that a command talks to. */
export interface Connection {
  http: Http;
  batches: Batches;
  signal: AbortSignal;
}

/** Connects to the service that the flags name. */
export type Connect = (flags: Record<string, unknown>) => Promise<Connection>;

const json = () => new Option('--json', 'print JSON for scripts');

/** Adds the commands about batches. */
export function addBatchCommands(program: Command, connect: Connect): void {
  program
    .command('list')
    .description('list your batches, newest first')
    .option('--status <statuses>', 'only these statuses, comma-separated')
    .option('--tag <tag>', 'only batches with this tag')
    .option('--from <time>', 'created at this time or later')
    .option('--to <time>', 'created before this time')
    .option('--limit <count>', 'number of batches', toCount, 20)
    .addOption(json())
    .action(async (flags: Omit<BatchQuery, 'limit'> & { limit: number; json?: true }, command: Command) => {
      const { batches, signal } = await connect(command.optsWithGlobals());
      const { json: isJson, limit, ...filters } = flags;
      let cursor: string | null | undefined;
      let left = limit;
      while (left > 0 && cursor !== null) {
        const page = await batches.list(
          { ...filters, limit: Math.min(left, 100), ...(cursor && { cursor }) },
          { signal },
        );
        for (const batch of page.batches) {
          const { batchId, status, progress, createdAt, tags } = batch;
          const text = `${batchId}  ${createdAt}  ${status}  ${progress.completed}/${progress.total}  ${tags.join(',')}`;
          print(isJson ? JSON.stringify(batch) : text.trimEnd());
        }
        left -= page.batches.length;
        cursor = page.cursor;
      }
    });

  const show = (name: 'get' | 'cancel') => async (batchId: string, flags: { json?: true }, command: Command) => {
    const { batches, signal } = await connect(command.optsWithGlobals());
    const batch = await batches[name](batchId, { signal });
    if (flags.json) print(JSON.stringify(batch));
    else printBatch(batch);
  };
  const described = (name: string, description: string) =>
    program.command(`${name} <batchId>`).description(description).addOption(json());
  described('status', 'show the status of a batch and of each of its files').action(show('get'));
  described('cancel', 'end the files of a batch that have not ended').action(show('cancel'));
  described('retry', 'make a new batch of the files that failed').action(
    async (batchId: string, flags: { json?: true }, command: Command) => {
      const { batches, signal } = await connect(command.optsWithGlobals());
      const accepted = await batches.retry(batchId, { signal });
      print(flags.json ? JSON.stringify(accepted) : accepted.batchId);
    },
  );

  program
    .command('download <batchId>')
    .description('wait for a batch and save its results')
    .requiredOption('--out <folder>', 'folder for the results')
    .action(async (batchId: string, { out }: { out: string }, command: Command) => {
      const { batches, http, signal } = await connect(command.optsWithGlobals());
      for await (const { files, status } of batches.watch(batchId, { signal })) {
        if (!status.startsWith('completed')) continue;
        const variants = new Set(files.flatMap(({ result }) => (result?.outputs ?? []).map(({ name }) => name)));
        const names = createOutputNames(new Map(), [...variants]);
        for (const { jobId, originalName, result, failure, deletedAt } of files) {
          if (result && !deletedAt) {
            // A name from the service must not leave the folder.
            const name = originalName.split(/[/\\]/).at(-1) || jobId;
            const place = { folder: resolve(out), target: names.targetOf(jobId, name), signal };
            for (const output of await saveResults(http, { jobId, result }, place)) print(output);
          } else {
            say(`${originalName}: ${deletedAt ? `deleted at ${deletedAt}` : `${failure?.message} (${failure?.code})`}`);
            process.exitCode = 1;
          }
        }
      }
    });
}
