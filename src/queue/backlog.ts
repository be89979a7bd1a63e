import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { ServiceError } from '../shared/errors.ts';
import { createDrainRate } from './drain-rate.ts';
import type { Guard } from './guard.ts';

/**
 * Makes the check whether there is room for more files.
 *
 * @param max files that may wait; 0 for no limit
 * @returns throws `BACKLOG_FULL`, with the seconds after which there should be room at the present speed
 */
export function createBacklogCheck({
  redis,
  images,
  guard,
  max,
}: {
  redis: Redis;
  images: Queue;
  guard: Guard;
  max: number;
}): () => Promise<void> {
  const drainRate = createDrainRate();
  return async () => {
    // One pipeline of commands that cost the same however much waits.
    const [wait, prioritized, delayed, completed, failed] = await guard(() =>
      Promise.all([
        redis.llen(images.toKey('wait')),
        redis.zcard(images.toKey('prioritized')),
        redis.zcard(images.toKey('delayed')),
        redis.hget(images.toKey('metrics:completed'), 'count'),
        redis.hget(images.toKey('metrics:failed'), 'count'),
      ]),
    );
    drainRate.sample(Number(completed) + Number(failed));
    const waiting = wait + prioritized + delayed;
    if (max === 0 || waiting < max) return;
    const seconds = drainRate.secondsFor(waiting - max + 1);
    throw new ServiceError(
      'BACKLOG_FULL',
      `There are ${waiting} files waiting, and this service lets no more than ${max} wait. Try again in ${seconds} seconds.`,
      { headers: { 'Retry-After': String(seconds) } },
    );
  };
}
