import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { onCleanup } from './cleanup.ts';
import { endProcess } from './processes.ts';

/** One line that `push --json` prints. */
export interface PushLine {
  source: string;
  state: 'completed' | 'failed';
  outputs: string[];
  batchId: string | null;
  jobId: string | null;
  failure: { code: string; message: string } | null;
  resumed: boolean;
}

/** A run of the command-line program of the client. */
export interface ProgramRun {
  stdout(): string;
  stderr(): string;
  /** Lines of `--json` so far. */
  lines<T = PushLine>(): T[];
  /** Waits for the end. Resolves to the exit code, or to `null` after a signal. */
  ended: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
}

/** Starts the command-line program of the client, which `build.ts` has built. */
export function startProgram(url: string, args: readonly string[], cwd: string): ProgramRun {
  const main = join(projectRoot, 'client/dist/cli/main.js');
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...process.env, ASYNC_IMAGES_URL: url, ASYNC_IMAGES_API_KEY: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  onCleanup(() => endProcess(child, 'SIGKILL'));
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    lines: <T>() =>
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as T),
    ended,
    signal: (name) => child.kill(name),
  };
}

/** Runs the program to its end. */
export async function runProgram(url: string, args: readonly string[], cwd: string) {
  const run = startProgram(url, args, cwd);
  const code = await run.ended;
  return { ...run, code };
}
