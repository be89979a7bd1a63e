import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { onCleanup } from './cleanup.ts';
import { environment } from './environment.ts';
import { freePort } from './ports.ts';

/** One of the service's processes, run for a test. */
export interface TestProcess {
  child: ChildProcess;
  /** What it wrote so far, to both outputs. */
  output(): string;
  /** Ends it by a signal and waits; resolves to its exit code, `null` after a signal that it does not handle. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Ends a process by a signal, unless it has ended, and waits. */
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

/** What runs a process: a program and its first arguments, which lead to Node. */
export type Launcher = readonly [program: string, ...args: string[]];

/** Starts `dist/<door>/main.js`, which `build.ts` has made, and waits until it says that it is ready. */
async function startDoor(
  door: 'api' | 'worker',
  settings: Record<string, string>,
  [program, ...args]: Launcher = [process.execPath],
): Promise<TestProcess> {
  const child = fork(join(projectRoot, 'dist', door, 'main.js'), {
    env: { ...process.env, ...environment(settings) },
    execPath: program,
    execArgv: args,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const started = observe(child);
  const ready = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => undefined)]);
  if (!ready) throw new Error(`The ${door} ended at its start:\n${started.output()}`);
  return started;
}

/** Starts the real worker. */
export function startWorker(settings: Record<string, string>, launcher?: Launcher): Promise<TestProcess> {
  return startDoor('worker', settings, launcher);
}

/** Starts the real API on a free port. */
export async function startApi(
  settings: Record<string, string>,
  launcher?: Launcher,
): Promise<TestProcess & { url: string }> {
  const port = settings.PORT ?? String(await freePort());
  const api = await startDoor('api', { ...settings, PORT: port }, launcher);
  return { ...api, url: `http://127.0.0.1:${port}` };
}

/** Runs `npm run <script>` in a folder, in a process group of its own as a terminal would. */
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
    // Nothing of it is left.
  }
}

/**
 * Does something up to three times, until it was quick enough: what else this machine does at that moment only adds.
 *
 * @returns the milliseconds of the quickest time
 */
export async function quickest(limitMs: number, act: () => Promise<unknown>, pauseMs = 0): Promise<number> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 3 && leastMs >= limitMs; tries += 1) {
    if (tries > 0) await delay(pauseMs);
    const begin = performance.now();
    await act();
    leastMs = Math.min(leastMs, performance.now() - begin);
  }
  return leastMs;
}

type Falsy = false | null | undefined | 0 | '';

/** Longest pause between two looks of {@link until}, in milliseconds. A state that a test must see lasts longer. */
const MAX_PAUSE_MS = 100;

/** Waits until something is so. Looks often at first, then less often, to leave the processor to what it waits for. */
export async function until<T>(look: () => T | Promise<T>, limitMs = 90_000): Promise<Exclude<T, Falsy>> {
  const begin = Date.now();
  for (;;) {
    const seen = await look();
    if (seen) return seen as Exclude<T, Falsy>;
    const elapsedMs = Date.now() - begin;
    if (elapsedMs > limitMs) throw new Error(`not so after ${limitMs} ms: ${look}`);
    await delay(Math.min(MAX_PAUSE_MS, Math.max(20, elapsedMs / 10)));
  }
}
