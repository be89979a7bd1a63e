import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { ImageJobPayload } from '../queue/image-job.ts';
import { READY } from '../shared/run.ts';
import type { Outcome } from './outcome.ts';
import { limitSignals } from './run-with-limits.ts';

// The same folder holds TypeScript in development and JavaScript when built.
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const CHILD_FILE = new URL(`./image-child.${extension}`, import.meta.url);

/**
 * Milliseconds that a child gets to finish a cancelled run. Most images are done by then. Starting another child costs more than the rest
 * of such an image, so clients that cancel would slow down all others.
 */
const GRACE_MS = 300;

/** Milliseconds that a new child gets beyond that to start. A machine with too much work needs seconds for it. */
const START_MS = 60_000;

/** Runs payloads in child processes, one at a time per child. */
export interface ChildRunner {
  /**
   * Runs a payload in a child, once one is free. It never rejects.
   *
   * @param signal cancels the run: at once while it waits for a child, else by ending the child, unless the child is done first
   * @param onStart called when a child gets the payload
   */
  run(payload: ImageJobPayload, signal: AbortSignal, onStart: () => void): Promise<Outcome>;
  /** From now on `cancelled` is the outcome of every run that still waits for a child. */
  stopStarting(): void;
  /** Ends all children. */
  close(): void;
}

/**
 * Creates a runner. It starts a child for each core at once, so that the first images do not wait for them.
 *
 * @param concurrency most children at the same time
 * @param responseTimeoutMs milliseconds after which a child that has not responded is ended
 * @param environment of the children
 */
export function createChildRunner({
  concurrency,
  responseTimeoutMs,
  environment,
}: {
  concurrency: number;
  responseTimeoutMs: number;
  environment: NodeJS.ProcessEnv;
}): ChildRunner {
  const children = new Set<ChildProcess>();
  const idle: ChildProcess[] = [];
  /** Children that have started. */
  const ready = new WeakSet<ChildProcess>();
  const slots = pLimit(concurrency);
  let isStopping = false;

  function start(): ChildProcess {
    const child = fork(CHILD_FILE, { env: environment });
    children.add(child);
    const forget = () => {
      children.delete(child);
      const index = idle.indexOf(child);
      if (index !== -1) idle.splice(index, 1);
    };
    child.once('exit', forget);
    // The child could not be started, or not be reached.
    child.on('error', forget);
    child.on('message', (message) => {
      if (message === READY) ready.add(child);
    });
    return child;
  }

  function startChildren(): void {
    try {
      while (idle.length < Math.min(concurrency, availableParallelism())) idle.push(start());
    } catch {
      // The image that needs the child reports the error.
    }
  }

  async function runInChild(payload: ImageJobPayload, signal: AbortSignal): Promise<Outcome> {
    const child = idle.pop() ?? start();
    return new Promise((resolve) => {
      const kill = () => void child.kill('SIGKILL');
      let grace: NodeJS.Timeout | undefined;
      const onAbort = () => {
        grace = setTimeout(kill, GRACE_MS);
      };
      const end = (outcome: Outcome) => {
        clearTimeout(timer);
        clearTimeout(grace);
        signal.removeEventListener('abort', onAbort);
        child.off('message', onMessage).off('exit', onExit).off('error', onError);
        resolve(outcome);
      };
      const onMessage = (outcome: unknown) => {
        if (outcome === READY) return startTimer(responseTimeoutMs);
        if (!child.killed) idle.push(child);
        end(outcome as Outcome);
      };
      const onExit = (code: number | null, by: NodeJS.Signals | null) =>
        end(signal.aborted ? { kind: 'cancelled' } : outcomeOfExit(code, by));
      const onError = (error: Error) => {
        kill();
        end(toCrash(error));
      };
      child.on('message', onMessage).on('exit', onExit).on('error', onError);
      signal.addEventListener('abort', onAbort);
      let timer: NodeJS.Timeout | undefined;
      const startTimer = (timeoutMs: number) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          kill();
          end({ kind: 'crashed', how: 'did not respond', isSilent: true });
        }, timeoutMs);
      };
      startTimer(ready.has(child) ? responseTimeoutMs : responseTimeoutMs + START_MS);
      // A child that has just ended cannot be reached. Its exit follows.
      child.send(payload, (error) => error && kill());
    });
  }

  startChildren();

  return {
    run(payload, signal, onStart) {
      return new Promise((resolve) => {
        const cancel = () => resolve({ kind: 'cancelled' });
        signal.addEventListener('abort', cancel, { once: true });
        void slots(async () => {
          signal.removeEventListener('abort', cancel);
          if (signal.aborted || isStopping) return cancel();
          onStart();
          resolve(await runInChild(payload, signal).catch(toCrash));
        });
      });
    },
    stopStarting() {
      isStopping = true;
    },
    close() {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}

/** Outcome of a run whose child could not be started, or not be reached. */
function toCrash({ message }: Error): Outcome {
  return { kind: 'crashed', how: `could not be used (${message})`, isSilent: false };
}

function outcomeOfExit(code: number | null, signal: NodeJS.Signals | null): Outcome {
  if (signal === limitSignals.timeout) return { kind: 'timed out' };
  if (signal === limitSignals.memory) return { kind: 'out of memory' };
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  return { kind: 'crashed', how, isSilent: false };
}
