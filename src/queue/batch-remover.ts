import { setTimeout as delay } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { z } from 'zod';
import type { Logger } from '../shared/logger.ts';
import { type BatchJobPayload, batchJobPayload } from './batch-job.ts';
import type { RedisConnection } from './connection.ts';
import { type ImageJobPayload, readPayload, resultsOf } from './image-job.ts';
import type { ServiceKeys } from './keys.ts';
import { imageJobId } from './names.ts';
import { readOwner } from './read-owner.ts';
import { isUnreadable, parseStored } from './stored-data.ts';

/** Milliseconds between two tries to remove jobs that a worker holds, and how often it is tried. */
const TRY_EVERY_MS = 50;
const TRIES = 60;
/** Milliseconds after which somebody else goes on with a removal that was not finished. */
const GO_ON_AFTER_MS = 30_000;
/**
 * Milliseconds after which the files of a removed batch are removed once more. A worker that lost its job, because it hung or
 * was cut off, may store a result that nobody asks for any more; it does not live longer than that.
 */
const LOOK_AGAIN_AFTER_MS = 60 * 60 * 1000;
/** Batches that are read at once. */
const PAGE = 100;

/** Where the results of a batch are, by what their names are made of. */
const storedResult = z.object({ jobId: z.string(), format: z.string(), variant: z.string().optional() });
/** Only the id is needed: without the rest a removal takes a listing of all results. */
const removal = z.object({
  batchId: z.uuidv4(),
  begunAt: z.int().catch(0),
  results: z.array(storedResult).optional().catch(undefined),
});
/** A batch to remove, with all that it takes. */
export type Removal = z.infer<typeof removal>;

/** What is known of a batch that was removed; where that cannot be read, only that it was. */
export const removedBatch = z
  .object({
    removedAt: z.iso.datetime().optional().catch(undefined),
    owner: z.string().optional().catch(undefined),
  })
  .catch({ removedAt: undefined, owner: undefined });

/** The files of a batch, wherever they are. Removing what is not there is no fault. */
export interface BatchFiles {
  /** @param results `undefined` when nothing tells which there are: then all whose names begin with the batch's id */
  remove(batchId: string, results: z.infer<typeof storedResult>[] | undefined): Promise<void>;
}

/** Removes batches whole: jobs, originals, results. */
export interface BatchRemover {
  /**
   * Begins the removal of a batch. From then on it is `BATCH_REMOVED` for everyone, and whoever dies, `finish` does the rest. It
   * needs no more than the id, so the batch's stored data may be unreadable.
   *
   * @returns what there is to do
   */
  begin(batchId: string): Promise<Removal>;
  /** Removes jobs and files, and stops what runs. Whatever of it is not done, `finish` does again. */
  carryOut(removal: Removal): Promise<void>;
  /**
   * Removes the batches that ended before a moment. One that cannot be removed does not keep the others from it.
   *
   * @param before in milliseconds since 1970
   * @param signal ends it between two batches
   * @returns how many
   */
  removeEndedBefore(before: number, signal?: AbortSignal): Promise<number>;
  /**
   * Goes on with removals that were not finished, and looks again after those that were.
   *
   * @param now in milliseconds since 1970
   * @param signal ends it between two batches
   */
  finish(now: number, signal?: AbortSignal): Promise<void>;
}

/**
 * @param redis any connection
 * @param retentionMs milliseconds for which it is remembered that a batch was removed; 0 for ever
 */
export function createBatchRemover({
  redis,
  images,
  batches,
  keys,
  files,
  retentionMs,
  logger,
}: {
  redis: RedisConnection;
  images: Queue<ImageJobPayload>;
  batches: Queue<BatchJobPayload>;
  keys: ServiceKeys;
  files: BatchFiles;
  retentionMs: number;
  logger: Logger;
}): BatchRemover {
  /**
   * Finds out which results a batch has, as long as its jobs are still there to tell. Nothing is found where one of them
   * cannot be read, or a newer version wrote it, which may name its results in another way.
   */
  async function findResults(batchId: string): Promise<{ total: number; results: Removal['results'] } | undefined> {
    try {
      const { total } = batchJobPayload.parse((await batches.getJob(batchId))?.data);
      const jobIds = Array.from({ length: total }, (_, index) => imageJobId(batchId, index));
      const jobs = await Promise.all(jobIds.map((id) => images.getJob(id)));
      const results = jobIds.flatMap((id, index) => resultsOf(id, readPayload({ id, data: jobs[index]?.data })));
      return { total, results };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return undefined;
    }
  }

  /** @returns whether all jobs are gone; those that a worker holds are cancelled, and given some time */
  async function removeJobs(batchId: string): Promise<boolean> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      // BullMQ removes the files' jobs with it, unless a worker holds one of them or the batch's own.
      if ((await batches.remove(batchId)) !== 0) return true;
      // BullMQ keeps the keys of the jobs that have not ended. Those that no worker holds are removed, so that no worker takes them.
      const unfinished = await redis.smembers(batches.toKey(`${batchId}:dependencies`));
      const jobIds = unfinished.map((key) => key.slice(images.toKey('').length));
      const codes = await Promise.all(jobIds.map((jobId) => images.remove(jobId)));
      const held = jobIds.filter((_, position) => codes[position] === 0);
      await Promise.all(held.map((jobId) => redis.publish(keys.cancel, jobId)));
      await delay(TRY_EVERY_MS);
    }
    return false;
  }

  // Killed anywhere, it can be done once more from its start. The member is the text in Redis, which may hold more than was read.
  async function carryOut(work: Removal, member = JSON.stringify(work), now = Date.now()): Promise<void> {
    const isDone = await removeJobs(work.batchId);
    await files.remove(work.batchId, work.results);
    const lookAgainAt = work.begunAt + LOOK_AGAIN_AFTER_MS;
    if (!isDone) logger.warn({ batchId: work.batchId }, 'jobs of a removed batch are still held; this is tried again');
    else if (now < lookAgainAt) await redis.zadd(keys.removing, lookAgainAt, member);
    else await redis.zrem(keys.removing, member);
  }

  async function begin(batchId: string): Promise<Removal> {
    const [found, owner] = await Promise.all([findResults(batchId), readOwner({ images, batches }, batchId)]);
    // An older version reads the total as well.
    const work = { batchId, begunAt: Date.now(), ...found };
    const note = JSON.stringify({
      removedAt: new Date(work.begunAt).toISOString(),
      ...(owner !== undefined && { owner }),
    });
    const expiry = retentionMs > 0 ? (['PX', retentionMs] as const) : [];
    await redis
      .multi()
      // The first removal counts, in case two requests begin one.
      .set(keys.removed(batchId), note, ...(expiry as ['PX', number]), 'NX')
      .zadd(keys.removing, work.begunAt + GO_ON_AFTER_MS, JSON.stringify(work))
      .exec();
    return work;
  }

  /** One that cannot be removed must not keep all others from it. */
  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    await work().catch((err) => logger.error({ err, what }, 'a batch could not be removed; this is tried again'));
  }

  return {
    begin,
    carryOut,

    async removeEndedBefore(before, signal) {
      let removed = 0;
      for (const state of ['completed', 'failed']) {
        // Those that cannot be removed now are passed over.
        for (let left = 0; ; ) {
          const due = await redis.zrangebyscore(batches.toKey(state), 0, before, 'LIMIT', left, PAGE);
          if (due.length === 0) break;
          for (const batchId of due) {
            if (signal?.aborted) return removed;
            await attempt(batchId, async () => carryOut(await begin(batchId)));
          }
          const stay = (await redis.zmscore(batches.toKey(state), ...due)).filter((score) => score !== null).length;
          removed += due.length - stay;
          left += stay;
        }
      }
      return removed;
    },

    async finish(now, signal) {
      for (;;) {
        const due = await redis.zrangebyscore(keys.removing, 0, now, 'LIMIT', 0, PAGE);
        if (due.length === 0) return;
        for (const member of due) {
          if (signal?.aborted) return;
          // Whoever else looks meanwhile passes over it.
          await redis.zadd(keys.removing, now + GO_ON_AFTER_MS, member);
          await attempt(member, async () => {
            const { success, data } = removal.safeParse(parseStored(member));
            if (success) return carryOut(data, member, now);
            await redis.zrem(keys.removing, member);
            logger.error({ member }, 'the note of a removal names no batch; it is dropped');
          });
        }
      }
    },
  };
}
