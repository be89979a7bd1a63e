import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { formatFailure } from '../shared/failures.ts';
import type { Logger } from '../shared/logger.ts';
import { bullmqKeys, CANCELLED_AT, jobIdOfKey } from './bullmq-keys.ts';
import type { RedisConnection } from './connection.ts';
import type { SourcePayload } from './image-job.ts';
import type { ServiceKeys } from './keys.ts';
import { UnrecoverableError } from './redis-packages.ts';

/** Lifetime of the lock on a claimed job. If this process dies, a worker takes the job afterwards, and fails it. */
const LOCK_MS = 10_000;
/** Interval at which workers are told to stop running jobs. A worker that has only just taken a job ignores the first message. */
const REPEAT_INTERVAL_MS = 50;
/** Maximum number of these messages to a job. */
const MAX_MESSAGES = 20;

/** The failure of a file whose batch was cancelled. */
export const cancelledFailure = { code: 'CANCELLED', message: 'the batch was cancelled' } as const;

/**
 * Marks a batch as cancelled, and claims its waiting jobs as a worker would: moves them to the active list, with a lock.
 *
 * KEYS: job of the batch, its dependencies, waiting jobs by priority, delayed jobs, waiting jobs without a priority, active jobs.
 * ARGV: field of the mark, current time in ms, prefix of job keys, token and duration in ms of the locks.
 *
 * Returns the ids of the claimed jobs, or an error status.
 */
const CANCEL = `
if redis.call('EXISTS', KEYS[1]) == 0 then return redis.status_reply('absent') end
local children = redis.call('SMEMBERS', KEYS[2])
if #children == 0 and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return redis.status_reply('finished') end
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
local claimed = {}
for _, key in ipairs(children) do
  local id = string.sub(key, #ARGV[3] + 1)
  if redis.call('ZREM', KEYS[3], id) == 1 or redis.call('ZREM', KEYS[4], id) == 1 or redis.call('LREM', KEYS[5], 1, id) == 1 then
    redis.call('LPUSH', KEYS[6], id)
    redis.call('SET', key .. ':lock', ARGV[4], 'PX', ARGV[5])
    claimed[#claimed + 1] = id
  end
end
return claimed
`;

/**
 * Cancels a batch: fails its waiting jobs at once, and stops its running jobs. From then on no worker starts one of its jobs, because
 * workers check the mark before and after processing.
 *
 * @returns `absent` if there is no such batch, `finished` if all its files had ended before
 */
export async function cancelBatch(
  {
    redis,
    images,
    batches,
    keys,
    logger,
  }: {
    redis: RedisConnection;
    images: Queue<SourcePayload>;
    batches: Queue;
    keys: ServiceKeys;
    logger: Logger;
  },
  batchId: string,
): Promise<'absent' | 'finished' | 'cancelled'> {
  const { job, dependencies } = bullmqKeys(batches);
  const { prioritized, delayed, wait, active } = bullmqKeys(images);
  const token = randomUUID();
  const claimed = (await redis.eval(
    CANCEL,
    6,
    ...[job(batchId), dependencies(batchId), prioritized, delayed, wait, active],
    ...[CANCELLED_AT, Date.now(), images.toKey(''), token, LOCK_MS],
  )) as string[] | 'absent' | 'finished';
  if (typeof claimed === 'string') return claimed;
  const error = new UnrecoverableError(formatFailure(cancelledFailure));
  const failing = claimed.map(async (jobId) => {
    const job = await images.getJob(jobId);
    await job?.moveToFailed(error, token);
    // Ends its import, if that runs. One that waits is not begun.
    if (job?.data.importUrl !== undefined) await redis.publish(keys.cancel, jobId);
  });
  for (const { reason } of (await Promise.allSettled(failing)).filter((outcome) => outcome.status === 'rejected')) {
    logger.warn({ err: reason, batchId }, 'a cancelled job is left to the workers');
  }
  return 'cancelled';
}

/** Tells the workers to stop the running jobs of a batch, until none is left or {@link MAX_MESSAGES} were sent. */
export async function stopRunningJobs(
  { redis, images, batches, keys }: { redis: RedisConnection; images: Queue; batches: Queue; keys: ServiceKeys },
  batchId: string,
): Promise<void> {
  for (let messages = 0; messages < MAX_MESSAGES; messages += 1) {
    const running = await redis.smembers(bullmqKeys(batches).dependencies(batchId));
    if (running.length === 0) return;
    await Promise.all(running.map((key) => redis.publish(keys.cancel, jobIdOfKey(images, key))));
    await delay(REPEAT_INTERVAL_MS);
  }
}
