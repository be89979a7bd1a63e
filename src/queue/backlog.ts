import type { Queue } from 'bullmq';
import { ServiceError } from '../shared/errors.ts';
import { bullmqKeys } from './bullmq-keys.ts';
import type { RedisConnection } from './connection.ts';
import { createDrainRate } from './drain-rate.ts';
import type { WithTimeout } from './redis-timeout.ts';

/**
 * Creates the check of the backlog limit.
 *
 * @param max maximum number of waiting files; 0 for no limit
 * @returns a function that throws `BACKLOG_FULL` if the limit is reached. Its `Retry-After` is estimated from the current throughput.
 */
export function createBacklogCheck({
  redis,
  images,
  withTimeout,
  max,
}: {
  redis: RedisConnection;
  images: Queue;
  withTimeout: WithTimeout;
  max: number;
}): () => Promise<void> {
  const drainRate = createDrainRate();
  return async () => {
    const [waiting, completed, failed] = await withTimeout(() =>
      Promise.all([
        countWaiting(redis, images),
        redis.hget(bullmqKeys(images).completedMetrics, 'count'),
        redis.hget(bullmqKeys(images).failedMetrics, 'count'),
      ]),
    );
    drainRate.sample(Number(completed) + Number(failed));
    if (max === 0 || waiting < max) return;
    const seconds = drainRate.secondsFor(waiting - max + 1);
    throw new ServiceError('BACKLOG_FULL', [waiting, max, seconds], { retryAfterSeconds: seconds });
  };
}

/** The load of the queue, for metrics. */
export interface Load {
  /** Number of files that wait to be processed. */
  waiting: number;
  /** Number of files that are being processed. */
  active: number;
  /** When the oldest unfinished batch was enqueued, in milliseconds since 1970. */
  oldestBatchAt: number | undefined;
}

/** Reads the load in one round trip. The cost does not depend on the backlog. */
export async function readLoad(redis: RedisConnection, images: Queue, batches: Queue): Promise<Load> {
  const [waiting, active, [, oldest]] = await Promise.all([
    countWaiting(redis, images),
    redis.llen(bullmqKeys(images).active),
    redis.zrange(bullmqKeys(batches).waitingChildren, '0', '0', 'WITHSCORES'),
  ]);
  return { waiting, active, oldestBatchAt: oldest === undefined ? undefined : Number(oldest) };
}

/** Counts the waiting files in one pipeline of O(1) commands. */
async function countWaiting(redis: RedisConnection, images: Queue): Promise<number> {
  const { wait, prioritized, delayed } = bullmqKeys(images);
  const counts = await Promise.all([redis.llen(wait), redis.zcard(prioritized), redis.zcard(delayed)]);
  return counts.reduce((sum, count) => sum + count, 0);
}
