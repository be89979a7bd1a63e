import type { BatchStatus } from '../types.ts';
import type { Outcome } from './push-options.ts';

/** Prints a line for programs or people. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints a message for people. It does not mix with the output for programs. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints how many files ended how, and why files failed. */
export function printSummary(outcomes: readonly Outcome[], out: string): void {
  const failed = outcomes.filter(({ state }) => state === 'failed');
  const saved = outcomes.filter(({ state, isResumed }) => state === 'completed' && !isResumed);
  const before = outcomes.filter(({ state, isResumed }) => state === 'completed' && isResumed);
  const parts = [`${saved.length} saved in ${out}`, `${failed.length} failed`];
  if (before.length > 0) parts.push(`${before.length} saved in an earlier run`);
  say(`${parts.join(', ')}.`);
  for (const { source, failure, isResumed } of failed) {
    say(`  ${source}: ${failure?.message} (${failure?.code}${isResumed ? ', in an earlier run' : ''})`);
  }
  if (failed.some(({ isResumed }) => isResumed)) say('Use --retry-failed to send the files that failed earlier again.');
}

/** Prints the status of a batch and of each of its files. */
export function printBatch({ batchId, status, progress, files }: BatchStatus): void {
  print(`${batchId}  ${status}  ${progress.completed} completed, ${progress.failed} failed of ${progress.total}`);
  for (const { jobId, originalName, state, failure, deletedAt } of files) {
    const deleted = deletedAt ? `, deleted at ${deletedAt}` : '';
    print(`  ${jobId}  ${state}  ${originalName}${failure ? `: ${failure.message} (${failure.code})` : ''}${deleted}`);
  }
}
