import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** A process that lived this long is healthy: its next death starts with the first pause again. */
const HEALTHY_AFTER_MS = 60_000;

/** A process to keep alive. */
export interface Service {
  name: string;
  start: () => ChildProcess;
  /** Resolves when the process that was just started can do its work. */
  ready: (child: ChildProcess) => Promise<void>;
}

/** A process that is being kept alive. */
export interface Supervised {
  /**
   * Resolves when the process can do its work for the first time. Rejects when it dies before that: then something is
   * wrong that no other start would mend.
   */
  ready: Promise<void>;
  /** Asks it to end, and ends it by force when it has not after the limit in milliseconds. */
  stop(limitMs: number): Promise<void>;
}

/**
 * Starts a process. Once it has been ready, it is started again whenever it dies, after a pause that doubles each time,
 * and each death is said.
 */
export function supervise({ name, start, ready }: Service, say: (line: string) => void): Supervised {
  let child = start();
  let death = ended(child);
  let isStopping = false;
  const abandonPause = new AbortController();

  const firstReady = Promise.race([
    ready(child),
    death.then((how) => {
      throw new Error(`The ${name} ended before it was ready (${how}). What it said is above.`);
    }),
  ]);

  async function keepAlive(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const startedAt = Date.now();
      const how = await death;
      if (isStopping) return;
      if (Date.now() - startedAt > HEALTHY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
      say(`the ${name} ended (${how}); it is started again in ${pauseMs / 1000} s`);
      await delay(pauseMs, undefined, { signal: abandonPause.signal }).catch(() => undefined);
      if (isStopping) return;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      child = start();
      death = ended(child);
      const started = child;
      void ready(started).then(() => {
        if (started === child) say(`the ${name} is back`);
      });
    }
  }
  const running = firstReady.then(keepAlive, () => undefined);

  return {
    ready: firstReady,
    async stop(limitMs) {
      isStopping = true;
      abandonPause.abort();
      const force = setTimeout(() => {
        say(`the ${name} did not end within ${limitMs / 1000} s and is ended by force`);
        child.kill('SIGKILL');
      }, limitMs);
      child.kill('SIGTERM');
      await Promise.all([death, running]);
      clearTimeout(force);
    },
  };
}

/** How a process ended, in words, once it has. */
function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}
