import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { onCleanup } from './cleanup.ts';
import { environment } from './environment.ts';
import { freePort } from './ports.ts';

/** A process that a test has started. */
export interface TestProcess {
  child: ChildProcess;
  /** Its stdout and stderr so far. */
  output(): string;
  /** Sends a signal and waits for the exit. Resolves to the exit code, or to `null` if the signal killed the process. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Sends a signal to a process that has not ended yet, and waits for its exit. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

function observe(child: ChildProcess): TestProcess {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
    await endProcess(child, signal);
    return child.exitCode;
  };
  onCleanup(() => end('SIGKILL'));
  return { child, output: () => output, end };
}

/** A program and its first arguments, which run Node. */
export type Launcher = readonly [program: string, ...args: string[]];

/**
 * Starts `dist/<name>/main.js`, which `build.ts` has built, and waits until the process reports that it is ready.
 *
 * @throws {Error} with the exit code as its cause, if the process ends before that
 */
async function startService(
  name: 'api' | 'worker',
  settings: Record<string, string>,
  [program, ...args]: Launcher = [process.execPath],
): Promise<TestProcess> {
  const child = fork(join(projectRoot, 'dist', name, 'main.js'), {
    // Tests look at the process that they start. Whatever the machine, it must not become a primary.
    env: { ...process.env, ...environment({ API_PROCESSES: '1', ...settings }) },
    execPath: program,
    execArgv: args,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const started = observe(child);
  // `close` comes after the last output, `exit` may come before it.
  const ready = await Promise.race([once(child, 'message'), once(child, 'close').then(() => undefined)]);
  if (!ready) {
    throw new Error(`The ${name} ended before it was ready:\n${started.output()}`, { cause: child.exitCode });
  }
  return started;
}

/** Starts the real worker. */
export function startWorker(settings: Record<string, string>, launcher?: Launcher): Promise<TestProcess> {
  return startService('worker', settings, launcher);
}

/** Starts the real API on a free port. */
export async function startApi(
  settings: Record<string, string>,
  launcher?: Launcher,
): Promise<TestProcess & { url: string }> {
  for (let tries = 1; ; tries += 1) {
    const port = settings.PORT ?? String(await freePort());
    try {
      const api = await startService('api', { ...settings, PORT: port }, launcher);
      return { ...api, url: `http://127.0.0.1:${port}` };
    } catch (error) {
      // Another program took the port first.
      if (settings.PORT !== undefined || tries === 5 || !String(error).includes('EADDRINUSE')) throw error;
    }
  }
}

/** Runs `npm run <script>` in a folder, in its own process group as in a terminal. */
export function npmRun(script: string, folder: string, settings: Record<string, string>): TestProcess {
  const child = spawn('npm', ['run', script], {
    cwd: folder,
    env: { ...process.env, ...environment(settings) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const observed = observe(child);
  onCleanup(() => signalGroup(child, 'SIGKILL'));
  return observed;
}

/** Runs `npm run <script>` in a terminal of its own. Ctrl-C is `child.stdin.write('\x03')`. */
export function npmRunInTerminal(script: string, folder: string, settings: Record<string, string>): TestProcess {
  const child = spawn('script', ['-qec', `npm run ${script}`, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: undefined, TERM: 'xterm', ...environment(settings) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return observe(child);
}

/** Sends a signal to a whole process group, as a terminal does for Ctrl-C. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid ?? 0), signal);
  } catch {
    // The whole group has ended.
  }
}

/**
 * Runs a function up to three times, until one run is within the limit. Other load on the machine can only make a run slower.
 *
 * @returns the milliseconds of the fastest run
 */
export async function quickest(limitMs: number, run: () => Promise<unknown>, pauseMs = 0): Promise<number> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 3 && leastMs >= limitMs; tries += 1) {
    if (tries > 0) await delay(pauseMs);
    const begin = performance.now();
    await run();
    leastMs = Math.min(leastMs, performance.now() - begin);
  }
  return leastMs;
}

type Falsy = false | null | undefined | 0 | '';

/** Longest pause of {@link until} between two checks, in milliseconds. A state that a test must see lasts longer. */
const MAX_PAUSE_MS = 100;

/**
 * Polls a condition until it is truthy, and returns its value. The pauses grow, to leave the processor to the processes under test.
 *
 * @throws {Error} after `limitMs` milliseconds
 */
export async function until<T>(condition: () => T | Promise<T>, limitMs = 300_000): Promise<Exclude<T, Falsy>> {
  const begin = Date.now();
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<T, Falsy>;
    const elapsedMs = Date.now() - begin;
    if (elapsedMs > limitMs) throw new Error(`still false after ${limitMs} ms: ${condition}`);
    await delay(Math.min(MAX_PAUSE_MS, Math.max(20, elapsedMs / 10)));
  }
}
