import type { Queue } from 'bullmq';
import { ServiceError } from '../shared/errors.ts';
import type { RedisConnection } from './connection.ts';
import { createDrainRate } from './drain-rate.ts';
import type { Guard } from './redis-timeout.ts';

/**
 * Makes the check whether the backlog has room for more files.
 *
 * @param max files that may wait; 0 for no limit
 * @returns a function that throws `BACKLOG_FULL`, with the seconds after which there should be room at the present throughput
 */
export function createBacklogCheck({
  redis,
  images,
  guard,
  max,
}: {
  redis: RedisConnection;
  images: Queue;
  guard: Guard;
  max: number;
}): () => Promise<void> {
  const drainRate = createDrainRate();
  return async () => {
    const [waiting, completed, failed] = await guard(() =>
      Promise.all([
        countWaiting(redis, images),
        redis.hget(images.toKey('metrics:completed'), 'count'),
        redis.hget(images.toKey('metrics:failed'), 'count'),
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
  /** Files that wait to be processed. */
  waiting: number;
  /** Files that a worker holds. */
  active: number;
  /** When the oldest batch that has not ended was enqueued, in milliseconds since 1970. */
  oldestBatchAt: number | undefined;
}

/** Reads the load in one round trip, at a cost that does not depend on the backlog. */
export async function readLoad(redis: RedisConnection, images: Queue, batches: Queue): Promise<Load> {
  const [waiting, active, [, oldest]] = await Promise.all([
    countWaiting(redis, images),
    redis.llen(images.toKey('active')),
    // BullMQ scores the parents that wait for their children by the time at which the wait began.
    redis.zrange(batches.toKey('waiting-children'), '0', '0', 'WITHSCORES'),
  ]);
  return { waiting, active, oldestBatchAt: oldest === undefined ? undefined : Number(oldest) };
}

/** Counts the waiting files in one pipeline of O(1) commands. */
async function countWaiting(redis: RedisConnection, images: Queue): Promise<number> {
  const counts = await Promise.all([
    redis.llen(images.toKey('wait')),
    redis.zcard(images.toKey('prioritized')),
    redis.zcard(images.toKey('delayed')),
  ]);
  return counts.reduce((sum, count) => sum + count, 0);
}
