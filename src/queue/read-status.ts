import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type BatchJobPayload, batchJobPayload } from './batch-job.ts';
import { type ImageJobPayload, type ImageJobResult, imageJobPayload, imageJobResult } from './image-job.ts';
import { batchLinks, jobLinks, resultUrl } from './links.ts';
import { imageJobId } from './names.ts';
import type { BatchStatus, JobStatus, Result } from './status.ts';

/** The queues to read from, and the connection that they share. */
export interface StatusSource {
  redis: Redis;
  images: Queue<ImageJobPayload, ImageJobResult>;
  batches: Queue<BatchJobPayload>;
}

/** All that is known of one file. */
export interface FileStatus extends JobStatus {
  payload: ImageJobPayload;
  hasStarted: boolean;
}

/**
 * Derives the state from the job's own hash. BullMQ's `getState()` would search the waiting list, whose length is the
 * backlog.
 *
 * @param isHeld whether a worker holds the job's lock
 */
function toFileStatus(job: Job<ImageJobPayload, ImageJobResult>, isHeld: boolean): FileStatus {
  const payload = imageJobPayload.parse(job.data);
  const links = jobLinks(payload.batchId, payload.index);
  const common = { jobId: String(job.id), payload, links, hasStarted: job.attemptsStarted > 0 };
  if (!job.finishedOn) {
    // A job that waits for its next attempt keeps the traces of the last one: only the lock says that it runs.
    const running = { state: 'active' as const, progress: Number(job.progress) || 0 };
    const waiting = { state: 'waiting' as const, progress: 0 };
    return { ...common, ...(isHeld ? running : waiting), result: null, failedReason: null };
  }
  // An attempt that failed before the one that succeeded leaves its reason behind: only a result tells them apart.
  if (job.returnvalue) {
    const result = withUrls(imageJobResult.parse(job.returnvalue), links.self);
    return { ...common, state: 'completed', progress: 100, result, failedReason: null };
  }
  return { ...common, state: 'failed', progress: 100, result: null, failedReason: job.failedReason };
}

function withUrls(result: ImageJobResult, jobUrl: string): Result {
  const { outputs, ...rest } = result;
  const named = outputs?.map((output) => ({ ...output, resultUrl: resultUrl(jobUrl, output.name) }));
  return { ...rest, resultUrl: resultUrl(jobUrl), ...(named && { outputs: named }) };
}

/**
 * Reads all that is known of one file, in one round trip.
 *
 * @returns `undefined` when there is no such job
 */
export async function readFile({ redis, images }: StatusSource, jobId: string): Promise<FileStatus | undefined> {
  // Both commands leave in one pipeline, the lock first: a job that ends between the two is then seen as ended, never as
  // waiting once more.
  const [isHeld, job] = await Promise.all([redis.exists(`${images.toKey(jobId)}:lock`), images.getJob(jobId)]);
  return job && toFileStatus(job, isHeld === 1);
}

/** What clients see of one file. */
export function toJobStatus({ jobId, state, progress, result, failedReason, links }: FileStatus): JobStatus {
  return { jobId, state, progress, result, failedReason, links };
}

/**
 * Reads a batch and all its files in two round trips, whatever the backlog.
 * The counts are taken from the very states that are listed, so they always add up.
 *
 * @returns `undefined` when there is no such batch
 */
export async function readBatchStatus(source: StatusSource, batchId: string): Promise<BatchStatus | undefined> {
  const batch = await source.batches.getJob(batchId);
  if (!batch) return undefined;
  const { total } = batchJobPayload.parse(batch.data);
  const read = await Promise.all(
    Array.from({ length: total }, (_, index) => readFile(source, imageJobId(batchId, index))),
  );
  // A file is missing only when the batch was removed since the line above.
  if (read.includes(undefined)) return undefined;
  const files = read.filter((file) => file !== undefined);

  const progress = { total, completed: 0, failed: 0, active: 0, waiting: 0 };
  for (const { state } of files) progress[state] += 1;

  return {
    batchId,
    status: batchState(progress, files),
    progress,
    createdAt: new Date(batch.timestamp).toISOString(),
    files: files.map(({ jobId, payload: { originalName }, state, result, failedReason, links }) => ({
      jobId,
      originalName,
      state,
      result,
      failedReason,
      resultUrl: links.result,
    })),
    links: batchLinks(batchId),
  };
}

function batchState({ total, completed, failed }: BatchStatus['progress'], files: FileStatus[]): BatchStatus['status'] {
  if (completed === total) return 'completed';
  if (completed + failed === total) return 'completed-with-errors';
  return files.some(({ hasStarted }) => hasStarted) ? 'processing' : 'waiting';
}
