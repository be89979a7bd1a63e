import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 30_000;
/** A process that lived this long was healthy: its next restart waits for the first pause again. */
const HEALTHY_AFTER_MS = 60_000;

/** A process to supervise. */
export interface Service {
  name: string;
  start: () => ChildProcess;
  /** Resolves when the started process is ready. */
  ready: (child: ChildProcess) => Promise<void>;
}

/** A process under supervision. */
export interface Supervised {
  /** Resolves when the process is ready for the first time. Rejects if it ends before that: a restart would not help. */
  ready: Promise<void>;
  /** Sends SIGTERM, and SIGKILL if the process has not ended after `limitMs` milliseconds. Resolves when it has ended. */
  stop(limitMs: number): Promise<void>;
}

/**
 * Starts a process. After it has been ready once, restarts it whenever it ends, after a pause that doubles each time, and
 * reports each end and each restart.
 */
export function supervise({ name, start, ready }: Service, report: (line: string) => void): Supervised {
  let child = start();
  let end = endOf(child);
  let isStopping = false;
  const abortPause = new AbortController();

  const firstReady = Promise.race([
    ready(child),
    end.then((reason) => {
      throw new Error(`The ${name} ended before it was ready (${reason}). Its output is above.`);
    }),
  ]);

  async function keepAlive(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const startedAt = Date.now();
      const reason = await end;
      if (isStopping) return;
      if (Date.now() - startedAt > HEALTHY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
      report(`the ${name} ended (${reason}); it restarts in ${pauseMs / 1000} s`);
      await delay(pauseMs, undefined, { signal: abortPause.signal }).catch(() => undefined);
      if (isStopping) return;
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      child = start();
      end = endOf(child);
      const restarted = child;
      void ready(restarted).then(() => {
        if (restarted === child) report(`the ${name} is ready again`);
      });
    }
  }
  const running = firstReady.then(keepAlive, () => undefined);

  return {
    ready: firstReady,
    async stop(limitMs) {
      isStopping = true;
      abortPause.abort();
      const force = setTimeout(() => {
        report(`the ${name} did not end within ${limitMs / 1000} s and is killed`);
        child.kill('SIGKILL');
      }, limitMs);
      child.kill('SIGTERM');
      await Promise.all([end, running]);
      clearTimeout(force);
    },
  };
}

/** Resolves to the reason when a process has ended and its last output has been read. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}
