import { isBatchId, isImageJobId } from '../../queue/names.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { FileStatus } from '../../queue/read-status.ts';
import type { BatchStatus } from '../../queue/status.ts';
import { ServiceError } from '../../shared/errors.ts';

/** Value of `Retry-After` on every answer that is not final yet: seconds until it is worth asking again. */
export const POLL_AFTER_SECONDS = '1';

/** Whether everything of a batch has ended. */
export function isFinished({ status }: Pick<BatchStatus, 'status'>): boolean {
  return status === 'completed' || status === 'completed-with-errors';
}

/**
 * Reads a batch that must be there.
 *
 * @throws {ServiceError} `BATCH_NOT_FOUND`
 */
export async function findBatch(queue: QueueClient, batchId: string): Promise<BatchStatus> {
  const batch = isBatchId(batchId) ? await queue.readBatch(batchId) : undefined;
  if (batch) return batch;
  throw new ServiceError('BATCH_NOT_FOUND', `There is no batch ${JSON.stringify(batchId)}. Check the id.`);
}

/**
 * Reads a job that must be there.
 *
 * @throws {ServiceError} `JOB_NOT_FOUND`
 */
export async function findJob(queue: QueueClient, jobId: string): Promise<FileStatus> {
  const job = isImageJobId(jobId) ? await queue.readFile(jobId) : undefined;
  if (job) return job;
  throw new ServiceError('JOB_NOT_FOUND', `There is no job ${JSON.stringify(jobId)}. Check the id.`);
}
