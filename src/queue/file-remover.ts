import type { Queue } from 'bullmq';
import type { Logger } from '../shared/logger.ts';
import type { BatchFiles } from './batch-remover.ts';
import { bullmqKeys, DELETED_AT } from './bullmq-keys.ts';
import type { RedisConnection } from './connection.ts';
import { possibleResultsOf, readSourcePayload, type SourcePayload } from './image-job.ts';
import type { ServiceKeys } from './keys.ts';
import { isImageJobId } from './names.ts';

/**
 * Time after which the cleanup job deletes the bytes of a file once more. A worker that lost its job without noticing does not run longer,
 * and an interrupted deletion is finished then.
 */
const SECOND_PASS_AFTER_MS = 60 * 60 * 1000;
/** Time after which the cleanup job tries again if that fails. */
const RETRY_AFTER_MS = 30_000;
/** Number of job ids to read from Redis at once. */
const PAGE_SIZE = 100;

/**
 * Marks an ended file as deleted, and schedules the second pass. Both happen only if its job exists, so that no part of a job is left of a
 * batch that is deleted at the same time.
 *
 * KEYS: job of the file, second passes. ARGV: field of the mark, job id, current time in ms, time of the second pass in ms.
 */
const MARK = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'absent' end
if redis.call('HEXISTS', KEYS[1], 'finishedOn') == 0 then return 'unfinished' end
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[2], 'NX', ARGV[4], ARGV[2])
return 'marked'
`;

/** The data to delete of a file that is marked as deleted. */
export interface FileRemoval {
  batchId: string;
  index: number;
  results: ReturnType<typeof possibleResultsOf>;
}

/** Deletes single files of a batch: the original and all results. Their jobs stay, with a mark. */
export interface FileRemover {
  /**
   * Marks a file as deleted. From now on clients cannot read it. If it was marked before, its deletion can be repeated.
   *
   * @returns the removal to pass to `execute`; `absent` without a job, and `unfinished` if the job has not ended
   * @throws an error of the schema if this version cannot read the job
   */
  begin(jobId: string): Promise<FileRemoval | 'absent' | 'unfinished'>;
  /** Deletes the original and all results. If that fails, `resumeDue` deletes them later. */
  execute(removal: FileRemoval): Promise<void>;
  /**
   * Deletes the bytes of files a second time, an hour after they were marked.
   *
   * @param now current time in milliseconds since 1970
   * @param signal stops the operation before the next file
   */
  resumeDue(now: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Creates a {@link FileRemover}.
 *
 * @param redis any connection
 */
export function createFileRemover({
  redis,
  images,
  keys,
  files,
  logger,
}: {
  redis: RedisConnection;
  images: Queue<SourcePayload>;
  keys: ServiceKeys;
  files: Pick<BatchFiles, 'removeFile'>;
  logger: Logger;
}): FileRemover {
  /** Reads what belongs to a file; `undefined` if it has no job. */
  async function find(jobId: string): Promise<FileRemoval | undefined> {
    const job = await images.getJob(jobId);
    if (!job) return undefined;
    const payload = readSourcePayload({ id: jobId, data: job.data });
    return { batchId: payload.batchId, index: payload.index, results: possibleResultsOf(jobId, payload) };
  }

  const execute = ({ batchId, index, results }: FileRemoval) => files.removeFile(batchId, index, results);

  return {
    async begin(jobId) {
      const removal = await find(jobId);
      if (!removal) return 'absent';
      const now = Date.now();
      const outcome = await redis.eval(
        MARK,
        2,
        ...[bullmqKeys(images).job(jobId), keys.removingFiles],
        ...[DELETED_AT, jobId, now, now + SECOND_PASS_AFTER_MS],
      );
      return outcome === 'marked' ? removal : (outcome as 'absent' | 'unfinished');
    },

    execute,

    async resumeDue(now, signal) {
      for (;;) {
        const due = await redis.zrangebyscore(keys.removingFiles, 0, now, 'LIMIT', 0, PAGE_SIZE);
        if (due.length === 0) return;
        for (const jobId of due) {
          if (signal?.aborted) return;
          // Postpone it first, so that a failure does not block the files after it.
          await redis.zadd(keys.removingFiles, now + RETRY_AFTER_MS, jobId);
          try {
            const removal = isImageJobId(jobId) ? await find(jobId) : undefined;
            // Without a job, the batch was deleted, with all its files.
            if (removal) await execute(removal);
            await redis.zrem(keys.removingFiles, jobId);
          } catch (err) {
            logger.error({ err, jobId }, 'a deleted file could not be removed; will retry');
          }
        }
      }
    },
  };
}
