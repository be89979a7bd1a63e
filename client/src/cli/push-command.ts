import { resolve } from 'node:path';
import type { Command } from 'commander';
import { delay } from '../delay.ts';
import { isTemporary } from '../errors.ts';
import type { Connect } from './batch-commands.ts';
import { describeError } from './describe-error.ts';
import { toCount } from './flag-values.ts';
import { print, printSummary, say } from './print.ts';
import { push } from './push.ts';
import type { Outcome, PushOptions } from './push-options.ts';
import { addServiceFlags, serviceOptionsOf } from './service-flags.ts';
import { watchPaths } from './watch-folder.ts';

/** Pause after the service could not be reached, with `--watch`. */
const RETRY_MS = 5000;

interface PushFlags {
  out: string;
  recursive?: true;
  retryFailed?: true;
  watch?: true;
  json?: true;
  concurrency: number;
  batchSize: number;
}

/** Adds the command `push`. */
export function addPushCommand(program: Command, connect: Connect): void {
  const command = program
    .command('push <paths...>')
    .description('process images and save the results; continues where an interrupted run has stopped')
    .requiredOption(
      '--out <folder>',
      'folder for the results, and for the file from which an interrupted run continues',
    )
    .option('--recursive', 'take the images of sub-folders too')
    .option('--retry-failed', 'send files again that failed in an earlier run')
    .option('--watch', 'go on, and process each file that is added or changed, until Ctrl-C')
    .option('--concurrency <count>', 'batches at the same time', toCount, 4)
    .option('--batch-size <count>', 'images in one batch, at most', toCount, 10)
    .option('--json', 'print one line of JSON for each file');
  addServiceFlags(command).action(async (paths: string[], flags: PushFlags) => {
    const globals = command.optsWithGlobals<{ url: string }>();
    const { http, signal } = await connect(globals);
    const { out, json = false, watch = false, recursive = false, retryFailed = false, concurrency, batchSize } = flags;
    const options: PushOptions = {
      paths,
      out,
      recursive,
      retryFailed,
      concurrency,
      batchSize,
      service: serviceOptionsOf(flags as unknown as Record<string, unknown>),
      showsProgress: process.stderr.isTTY === true && !json,
      signal,
      report: json ? printLine : () => undefined,
    };
    const watched = watch ? await watchPaths(paths, { recursive, outFolder: resolve(out), signal }) : undefined;
    try {
      printAll(await push(http, options), flags);
      let isUpToDate = true;
      while (watched) {
        if (!json) say('Waiting for files. Stop with Ctrl-C.');
        if (isUpToDate) await watched.nextChange();
        else await delay(RETRY_MS, signal);
        isUpToDate = await pushChanges();
      }
    } finally {
      await watched?.close();
    }

    /** Returns whether the service could be reached. */
    async function pushChanges(): Promise<boolean> {
      const isNew = ({ isResumed }: Outcome) => !isResumed;
      const report = (outcome: Outcome) => isNew(outcome) && options.report(outcome);
      try {
        const outcomes = await push(http, { ...options, retryFailed: false, report });
        printAll(outcomes.filter(isNew), flags);
        return true;
      } catch (error) {
        if (!isTemporary(error)) throw error;
        say(describeError(error, globals.url));
        return false;
      }
    }
  });
}

function printLine({ isResumed, ...outcome }: Outcome): void {
  print(JSON.stringify({ ...outcome, resumed: isResumed }));
}

function printAll(outcomes: readonly Outcome[], { json, out }: PushFlags): void {
  if (!json) printSummary(outcomes, out);
  if (outcomes.some(({ state }) => state === 'failed')) process.exitCode = 1;
}
