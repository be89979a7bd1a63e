import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { findProgram } from '../../scripts/install.ts';
import { endLater } from '../processes.ts';
import { processTree } from './process-tree.ts';

const CALLS = ['fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range', 'msync'];

/**
 * Counts with strace how often process trees wait for the disk during some work. The work takes longer than without strace.
 *
 * @param file where strace writes
 * @returns `undefined` if strace is not installed
 */
export async function countFsyncs(
  roots: readonly number[],
  file: string,
  work: () => Promise<unknown>,
): Promise<number | undefined> {
  const program = findProgram('strace');
  if (!program) return undefined;
  const pids = processTree(roots).map(({ pid }) => pid);
  const args = ['-f', '-e', `trace=${CALLS}`, '-o', file, ...pids.flatMap((pid) => ['-p', String(pid)])];
  const strace = endLater(spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] }));
  const exit = once(strace, 'exit');
  // It prints one line for each process when it has attached.
  let attached = 0;
  for await (const line of createInterface({ input: strace.stderr })) {
    if (/attached/.test(line)) attached += 1;
    if (attached === pids.length) break;
  }
  await work();
  strace.kill('SIGINT');
  await exit;
  const begun = new RegExp(`^\\d+ +(${CALLS.join('|')})\\(`, 'gm');
  return (await readFile(file, 'utf8')).match(begun)?.length ?? 0;
}
