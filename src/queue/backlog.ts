import type { Queue } from 'bullmq';
import { ServiceError } from '../shared/errors.ts';
import { bullmqKeys } from './bullmq-keys.ts';
import { countWorkers } from './connected-workers.ts';
import type { RedisConnection } from './connection.ts';
import { createDrainRate } from './drain-rate.ts';
import type { WithTimeout } from './redis-timeout.ts';

/** The load of the queue. */
export interface Load {
  /** Number of files that wait to be processed. */
  waiting: number;
  /** Number of files that are being processed. */
  active: number;
  /** When the oldest unfinished batch was enqueued, in milliseconds since 1970. */
  oldestBatchAt: number | undefined;
  /** Number of connected workers; `undefined` if it is unknown, see {@link countWorkers}. */
  workers: number | undefined;
  /** Files that ended per second in the last minute; `undefined` until this process has measured it. */
  filesPerSecond: number | undefined;
}

/** Reads how many files wait. The cost does not depend on their number. */
export interface Backlog {
  /**
   * Checks that the backlog has room for more files.
   *
   * @throws {ServiceError} `BACKLOG_FULL`. Its `Retry-After` is estimated from the current throughput.
   */
  check(): Promise<void>;
  /** Reads the load in one round trip. */
  readLoad(): Promise<Load>;
}

/**
 * Creates a {@link Backlog}.
 *
 * @param max maximum number of waiting files; 0 for no limit
 */
export function createBacklog({
  redis,
  prefix,
  images,
  batches,
  withTimeout,
  max,
}: {
  redis: RedisConnection;
  prefix: string;
  images: Queue;
  batches: Queue;
  withTimeout: WithTimeout;
  max: number;
}): Backlog {
  const keys = bullmqKeys(images);
  const drainRate = createDrainRate();

  /** Counts the waiting files with O(1) commands, and samples how many have ended. */
  async function readWaiting(): Promise<number> {
    const [completed, failed, ...waiting] = await Promise.all([
      redis.hget(keys.completedMetrics, 'count'),
      redis.hget(keys.failedMetrics, 'count'),
      redis.llen(keys.wait),
      redis.zcard(keys.prioritized),
      redis.zcard(keys.delayed),
    ]);
    drainRate.sample(Number(completed) + Number(failed));
    return waiting.reduce((sum, count) => sum + count, 0);
  }

  return {
    async check() {
      const waiting = await withTimeout(readWaiting);
      if (max === 0 || waiting < max) return;
      const seconds = drainRate.secondsFor(waiting - max + 1);
      throw new ServiceError('BACKLOG_FULL', [waiting, max, seconds], { retryAfterSeconds: seconds });
    },

    async readLoad() {
      const [waiting, active, [, oldest], workers] = await withTimeout(() =>
        Promise.all([
          readWaiting(),
          redis.llen(keys.active),
          redis.zrange(bullmqKeys(batches).waitingChildren, '0', '0', 'WITHSCORES'),
          countWorkers(redis, prefix),
        ]),
      );
      const oldestBatchAt = oldest === undefined ? undefined : Number(oldest);
      return { waiting, active, oldestBatchAt, workers, filesPerSecond: drainRate.perSecond() };
    },
  };
}
