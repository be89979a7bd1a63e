import { setTimeout as delay } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { z } from 'zod';
import type { Logger } from '../shared/logger.ts';
import { formatNames } from '../shared/setting-types.ts';
import { type BatchJobPayload, batchJobPayload } from './batch-job.ts';
import type { RedisConnection } from './connection.ts';
import { type ImageJobPayload, imageJobPayload, resultsOf } from './image-job.ts';
import type { ServiceKeys } from './keys.ts';
import { imageJobId } from './names.ts';

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
const storedResult = z.object({ jobId: z.string(), format: z.enum(formatNames), variant: z.string().optional() });
const removal = z.object({
  batchId: z.uuidv4(),
  begunAt: z.int(),
  total: z.int(),
  results: z.array(storedResult),
});
/** A batch to remove, with all that it takes. */
export type Removal = z.infer<typeof removal>;

/** What is known of a batch that was removed. */
export const removedBatch = z.object({ removedAt: z.iso.datetime(), owner: z.string().optional() });

/** The files of a batch, wherever they are. Removing what is not there is no fault. */
export interface BatchFiles {
  remove(batchId: string, results: z.infer<typeof storedResult>[]): Promise<void>;
}

/** Removes batches whole: jobs, originals, results. */
export interface BatchRemover {
  /**
   * Begins the removal of a batch. From then on it is `BATCH_REMOVED` for everyone, and whoever dies, `finish` does the rest.
   *
   * @returns what there is to do; `undefined` when there is no such batch
   */
  begin(batchId: string): Promise<Removal | undefined>;
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
  /** Everything that must be known to remove a batch, as long as its jobs are still there to tell. */
  async function plan(batchId: string): Promise<{ removal: Removal; owner: string | undefined } | undefined> {
    const batch = await batches.getJob(batchId);
    if (!batch) return undefined;
    const { total, owner } = batchJobPayload.parse(batch.data);
    const jobs = await Promise.all(indexes(total).map((index) => images.getJob(imageJobId(batchId, index))));
    const results = jobs.flatMap((job) => (job ? resultsOf(imageJobPayload.parse(job.data)) : []));
    return { removal: { batchId, begunAt: Date.now(), total, results }, owner };
  }

  /** @returns whether all jobs are gone; those that a worker holds are cancelled, and given some time */
  async function removeJobs({ batchId, total }: Removal): Promise<boolean> {
    let left = indexes(total).map((index) => imageJobId(batchId, index));
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const codes = await Promise.all(left.map((jobId) => images.remove(jobId)));
      left = left.filter((_, position) => codes[position] === 0);
      // The batch's own job runs for a moment when the last of its files is gone.
      if (left.length === 0 && (await batches.remove(batchId)) !== 0) return true;
      await Promise.all(left.map((jobId) => redis.publish(keys.cancel, jobId)));
      await delay(TRY_EVERY_MS);
    }
    return false;
  }

  // Killed anywhere, it can be done once more from its start.
  async function carryOut(work: Removal, now = Date.now()): Promise<void> {
    const member = JSON.stringify(work);
    const isDone = await removeJobs(work);
    await files.remove(work.batchId, work.results);
    const lookAgainAt = work.begunAt + LOOK_AGAIN_AFTER_MS;
    if (!isDone) logger.warn({ batchId: work.batchId }, 'jobs of a removed batch are still held; this is tried again');
    else if (now < lookAgainAt) await redis.zadd(keys.removing, lookAgainAt, member);
    else await redis.zrem(keys.removing, member);
  }

  async function begin(batchId: string): Promise<Removal | undefined> {
    const planned = await plan(batchId);
    if (!planned) return undefined;
    const { removal: work, owner } = planned;
    const note = JSON.stringify({
      removedAt: new Date(work.begunAt).toISOString(),
      ...(owner !== undefined && { owner }),
    });
    const expiry = retentionMs > 0 ? (['PX', retentionMs] as const) : [];
    await redis
      .multi()
      .set(keys.removed(batchId), note, ...(expiry as []))
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
            await attempt(batchId, async () => {
              const begun = await begin(batchId);
              if (begun) await carryOut(begun);
            });
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
          await attempt(member, () => carryOut(removal.parse(JSON.parse(member)), now));
        }
      }
    },
  };
}

function indexes(total: number): number[] {
  return Array.from({ length: total }, (_, index) => index);
}
