import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { endHeartbeats, sendHeartbeat } from '../queue/connected-workers.ts';
import type { RedisConnection } from '../queue/connection.ts';
import type { Logger } from '../shared/logger.ts';

/** Milliseconds between two heartbeats. A worker that misses two is still connected. */
const INTERVAL_MS = 10_000;
/** Time limit for the last one. */
const CLOSE_TIMEOUT_MS = 1000;

/** The heartbeats of this worker, by which the API knows that it is connected. */
export interface Heartbeat {
  /** Sends heartbeats until {@link stop}. */
  start(): void;
  /** Records that this worker takes no more jobs. */
  stop(): Promise<void>;
}

/**
 * Creates the {@link Heartbeat} of a process.
 *
 * @param redis any connection of the worker
 */
export function createHeartbeat(redis: RedisConnection, prefix: string, logger: Logger): Heartbeat {
  const workerId = randomUUID();
  const stopping = new AbortController();
  const { signal } = stopping;
  let beating = Promise.resolve();

  async function beat(): Promise<void> {
    while (!signal.aborted) {
      // Redis refuses it while its memory is full.
      await sendHeartbeat(redis, prefix, workerId).catch((err) => logger.debug({ err }, 'heartbeat'));
      await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    start() {
      beating = beat();
    },
    async stop() {
      stopping.abort();
      // A heartbeat that arrives later would undo it.
      const ended = beating.then(() => endHeartbeats(redis, prefix, workerId));
      // Redis may be unreachable. The heartbeats then expire.
      await Promise.race([ended, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]).catch((err) =>
        logger.debug({ err }, 'heartbeat'),
      );
    },
  };
}
