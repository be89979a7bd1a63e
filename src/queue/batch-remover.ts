import { setTimeout as delay } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { z } from 'zod';
import type { Logger } from '../shared/logger.ts';
import { createBatchIndex } from './batch-index.ts';
import { type BatchJobPayload, batchJobPayload } from './batch-job.ts';
import { bullmqKeys, jobIdOfKey } from './bullmq-keys.ts';
import type { RedisConnection } from './connection.ts';
import { possibleResultsOf, readSourcePayload, type SourcePayload } from './image-job.ts';
import type { ServiceKeys } from './keys.ts';
import { imageJobId } from './names.ts';
import { readOwner } from './read-owner.ts';
import { isUnreadable, parseStored } from './stored-data.ts';

/** Interval between two attempts to remove jobs that a worker is processing. */
const RETRY_INTERVAL_MS = 50;
/** Maximum number of these attempts. */
const MAX_ATTEMPTS = 60;
/** Time after which another process resumes an unfinished removal. */
const RESUME_AFTER_MS = 30_000;
/**
 * Time after which the files of a removed batch are removed a second time. A worker that hung or lost its connection may have stored a
 * result after the first time. It does not run longer than this.
 */
const SECOND_PASS_AFTER_MS = 60 * 60 * 1000;
/** Number of batch ids to read from Redis at once. */
const PAGE_SIZE = 100;

/** A result that a batch may have. Its file name is derived from these fields. */
const storedResult = z.object({ jobId: z.string(), format: z.string(), variant: z.string().optional() });
/** Only the id is required. Without `results` the removal lists the results of all batches to find those of this batch. */
const removal = z.object({
  batchId: z.uuidv4(),
  begunAt: z.int().catch(0),
  results: z.array(storedResult).optional().catch(undefined),
});
/** The record of a removal that has begun. */
export type Removal = z.infer<typeof removal>;

/** The record of a removed batch in Redis. Fields that cannot be read are `undefined`. */
export const removedBatch = z
  .object({
    removedAt: z.iso.datetime().optional().catch(undefined),
    owner: z.string().optional().catch(undefined),
  })
  .catch({ removedAt: undefined, owner: undefined });

/** Removes the files of a batch. Files that do not exist are ignored. */
export interface BatchFiles {
  /** @param results all results that the batch may have; `undefined` removes all whose names begin with the batch id */
  remove(batchId: string, results: z.infer<typeof storedResult>[] | undefined): Promise<void>;
  /**
   * Removes one file of a batch: its original, and the given results.
   *
   * @param index position of the file in its upload, from 0
   */
  removeFile(batchId: string, index: number, results: z.infer<typeof storedResult>[]): Promise<void>;
}

/** Removes batches completely: jobs, originals, and results. */
export interface BatchRemover {
  /**
   * Begins the removal of a batch. From now on requests for it get `BATCH_REMOVED`. If this process dies, `resumeDue` completes the
   * removal. Only the id is required, so this works even if the stored data of the batch is unreadable.
   *
   * @returns the removal to pass to `execute`
   */
  begin(batchId: string): Promise<Removal>;
  /** Cancels running jobs, and removes the jobs and files. If that fails, `resumeDue` tries again. */
  execute(removal: Removal): Promise<void>;
  /**
   * Removes the batches that ended before a given time. If one cannot be removed, the others still are.
   *
   * @param before time in milliseconds since 1970
   * @param signal stops the operation before the next batch
   * @returns number of removed batches
   */
  removeEndedBefore(before: number, signal?: AbortSignal): Promise<number>;
  /**
   * Resumes unfinished removals, and removes the files of finished ones a second time after an hour.
   *
   * @param now current time in milliseconds since 1970
   * @param signal stops the operation before the next batch
   */
  resumeDue(now: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Creates a {@link BatchRemover}.
 *
 * @param redis any connection
 * @param retentionMs how long Redis remembers that a batch was removed; 0 for no limit
 */
export function createBatchRemover({
  redis,
  images,
  batches,
  webhooks,
  keys,
  files,
  retentionMs,
  logger,
}: {
  redis: RedisConnection;
  images: Queue<SourcePayload>;
  batches: Queue<BatchJobPayload>;
  webhooks: Queue;
  keys: ServiceKeys;
  files: BatchFiles;
  retentionMs: number;
  logger: Logger;
}): BatchRemover {
  const index = createBatchIndex({ redis, batches, keys });

  /**
   * Derives the possible results of a batch from its jobs. Returns `undefined` if a job is missing or cannot be read. That includes
   * jobs of a newer version, which may name its results differently.
   */
  async function findResults(batchId: string): Promise<{ total: number; results: Removal['results'] } | undefined> {
    try {
      const { total } = batchJobPayload.parse((await batches.getJob(batchId))?.data);
      const jobIds = Array.from({ length: total }, (_, index) => imageJobId(batchId, index));
      const jobs = await Promise.all(jobIds.map((id) => images.getJob(id)));
      const results = jobIds.flatMap((id, index) =>
        possibleResultsOf(id, readSourcePayload({ id, data: jobs[index]?.data })),
      );
      return { total, results };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return undefined;
    }
  }

  /** Removes the jobs of a batch, and cancels those that are running. Returns `false` if some are still running in the end. */
  async function removeJobs(batchId: string): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      // BullMQ removes the parent together with its children, unless a worker has locked one of these jobs.
      if ((await batches.remove(batchId)) !== 0) return true;
      // This set contains the unfinished children. Removing those that are not locked ensures that no worker takes them.
      const unfinished = await redis.smembers(bullmqKeys(batches).dependencies(batchId));
      const jobIds = unfinished.map((key) => jobIdOfKey(images, key));
      const codes = await Promise.all(jobIds.map((jobId) => images.remove(jobId)));
      const locked = jobIds.filter((_, position) => codes[position] === 0);
      await Promise.all(locked.map((jobId) => redis.publish(keys.cancel, jobId)));
      await delay(RETRY_INTERVAL_MS);
    }
    return false;
  }

  // Idempotent, so that it can be repeated after a crash. `member` is the original text in Redis: a newer version may have written
  // fields that `Removal` does not contain.
  async function execute(work: Removal, member = JSON.stringify(work), now = Date.now()): Promise<void> {
    // After the record of the deletion, so that no worker adds the batch again, and before its job is removed.
    await index.forget(work.batchId);
    const isDone = await removeJobs(work.batchId);
    await files.remove(work.batchId, work.results);
    // A webhook that is being delivered cannot be removed. The second pass removes it.
    await webhooks.remove(work.batchId);
    const secondPassAt = work.begunAt + SECOND_PASS_AFTER_MS;
    if (!isDone) logger.warn({ batchId: work.batchId }, 'jobs of a removed batch are still running; will retry');
    else if (now < secondPassAt) await redis.zadd(keys.removing, secondPassAt, member);
    else await redis.zrem(keys.removing, member);
  }

  async function begin(batchId: string): Promise<Removal> {
    const [found, owner] = await Promise.all([findResults(batchId), readOwner({ images, batches }, batchId)]);
    // `total` is for older versions, which require it.
    const work = { batchId, begunAt: Date.now(), ...found };
    const record = JSON.stringify({
      removedAt: new Date(work.begunAt).toISOString(),
      ...(owner !== undefined && { owner }),
    });
    const expiry = retentionMs > 0 ? (['PX', retentionMs] as const) : [];
    await redis
      .multi()
      // NX: if two requests remove the batch, the first record stays.
      .set(keys.removed(batchId), record, ...(expiry as ['PX', number]), 'NX')
      .zadd(keys.removing, work.begunAt + RESUME_AFTER_MS, JSON.stringify(work))
      .exec();
    return work;
  }

  /** Logs an error instead of throwing it, so that the caller continues with the next batch. */
  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    await work().catch((err) => logger.error({ err, what }, 'a batch could not be removed; will retry'));
  }

  return {
    begin,
    execute,

    async removeEndedBefore(before, signal) {
      let removed = 0;
      const { completed, failed } = bullmqKeys(batches);
      for (const ended of [completed, failed]) {
        // Batches that could not be removed stay in the set, so the next page starts after them.
        for (let offset = 0; ; ) {
          const due = await redis.zrangebyscore(ended, 0, before, 'LIMIT', offset, PAGE_SIZE);
          if (due.length === 0) break;
          for (const batchId of due) {
            if (signal?.aborted) return removed;
            await attempt(batchId, async () => execute(await begin(batchId)));
          }
          const kept = (await redis.zmscore(ended, ...due)).filter((score) => score !== null).length;
          removed += due.length - kept;
          offset += kept;
        }
      }
      return removed;
    },

    async resumeDue(now, signal) {
      for (;;) {
        const due = await redis.zrangebyscore(keys.removing, 0, now, 'LIMIT', 0, PAGE_SIZE);
        if (due.length === 0) return;
        for (const member of due) {
          if (signal?.aborted) return;
          // Postpone it first, so that other processes skip it meanwhile.
          await redis.zadd(keys.removing, now + RESUME_AFTER_MS, member);
          await attempt(member, async () => {
            const { success, data } = removal.safeParse(parseStored(member));
            if (success) return execute(data, member, now);
            await redis.zrem(keys.removing, member);
            logger.error({ member }, 'a removal record without a batch id was deleted');
          });
        }
      }
    },
  };
}
