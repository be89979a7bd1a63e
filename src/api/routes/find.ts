import { isBatchId, isImageJobId } from '../../queue/names.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { FileStatus, Found } from '../../queue/read-status.ts';
import type { BatchStatus } from '../../queue/status.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { Client } from '../middleware/access.ts';

/** Value of `Retry-After` on every answer that is not final yet: seconds until it is worth asking again. */
export const POLL_AFTER_SECONDS = '1';

/** Whether everything of a batch has ended. */
export function isFinished({ status }: Pick<BatchStatus, 'status'>): boolean {
  return status === 'completed' || status === 'completed-with-errors';
}

/**
 * Reads a batch that must be there, and be the client's.
 *
 * @throws {ServiceError} `BATCH_NOT_FOUND`, or `BATCH_REMOVED`
 */
export async function findBatch(
  queue: Pick<QueueClient, 'readBatch'>,
  client: Client,
  batchId: string,
): Promise<BatchStatus> {
  const batch = isBatchId(batchId) ? await queue.readBatch(batchId, client) : undefined;
  const status = unlessRemoved(batch, client);
  if (status) return status;
  throw new ServiceError('BATCH_NOT_FOUND', `There is no batch ${JSON.stringify(batchId)}. Check the id.`);
}

/**
 * Reads a job that must be there, and be the client's.
 *
 * @throws {ServiceError} `JOB_NOT_FOUND`, or `BATCH_REMOVED`
 */
export async function findJob(queue: QueueClient, client: Client, jobId: string): Promise<FileStatus> {
  const job = isImageJobId(jobId) ? await queue.readFile(jobId) : undefined;
  const status = unlessRemoved(job, client);
  if (status) return status;
  throw new ServiceError('JOB_NOT_FOUND', `There is no job ${JSON.stringify(jobId)}. Check the id.`);
}

/** What belongs to another is as good as not there: not even that it was is told. */
function unlessRemoved<T>(found: Found<T> | undefined, { owner }: Client): T | undefined {
  if (!found || found.owner !== owner) return undefined;
  if (found.removedAt === undefined) return found.value;
  throw new ServiceError('BATCH_REMOVED', `This batch was removed, with its files, at ${found.removedAt}.`, {
    members: { removedAt: found.removedAt },
  });
}
