import type { SourcePayload } from '../../queue/image-job.ts';
import { batchIdOf, isBatchId, isImageJobId } from '../../queue/names.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { BatchStatus, FileStatus, Found } from '../../queue/read-status.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { Client } from '../http/authenticate.ts';
import { batchLinks, jobLinks } from '../views/links.ts';

/** `Retry-After` of every response that is not final: seconds until a client should poll again. */
export const POLL_AFTER_SECONDS = 1;

/** Returns whether all files of a batch have ended. */
export function isFinished({ status }: Pick<BatchStatus, 'status'>): boolean {
  return status === 'completed' || status === 'completed-with-errors';
}

/** Reads batches. */
type BatchReader = Pick<QueueClient, 'readBatch'>;

/**
 * Checks that a batch exists and belongs to the client. Its stored data may be unreadable.
 *
 * @throws {ServiceError} `BATCH_NOT_FOUND`, or `BATCH_REMOVED`
 */
export async function checkBatch(queue: BatchReader, client: Client, batchId: string): Promise<Found<BatchStatus>> {
  const batch = isBatchId(batchId) ? await queue.readBatch(batchId, client) : undefined;
  if (batch && isPresent(batch, client)) return batch;
  throw new ServiceError('BATCH_NOT_FOUND', [batchId]);
}

/**
 * Reads the status of a batch that belongs to the client.
 *
 * @throws {ServiceError} `BATCH_NOT_FOUND`, `BATCH_REMOVED`, or `INTERNAL_ERROR` if its stored data is unreadable
 */
export async function findBatch(queue: BatchReader, client: Client, batchId: string): Promise<BatchStatus> {
  return readable(await checkBatch(queue, client, batchId), batchId);
}

/**
 * Reads the status of a batch that belongs to the client and has ended.
 *
 * @throws {ServiceError} as {@link findBatch}, or `BATCH_NOT_FINISHED`
 */
export async function findEndedBatch(queue: BatchReader, client: Client, batchId: string): Promise<BatchStatus> {
  const batch = await findBatch(queue, client, batchId);
  if (isFinished(batch)) return batch;
  const url = batchLinks(batchId).self;
  throw new ServiceError('BATCH_NOT_FINISHED', [batch.status, url], { retryAfterSeconds: POLL_AFTER_SECONDS });
}

/**
 * Reads the payloads of some files of a batch.
 *
 * @throws {ServiceError} `INTERNAL_ERROR` if this version cannot read them
 */
export async function findPayloads(
  queue: Pick<QueueClient, 'readPayloads'>,
  batchId: string,
  indexes: readonly number[],
): Promise<SourcePayload[]> {
  return requireReadable(batchId, queue.readPayloads(batchId, indexes));
}

/**
 * Waits for an operation on a batch that reads its stored data.
 *
 * @throws {ServiceError} `INTERNAL_ERROR` if this version cannot read them
 */
export async function requireReadable<T>(batchId: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError('INTERNAL_ERROR', [{ unreadableBatch: batchId }], { cause });
  }
}

/**
 * Reads the status of a job that belongs to the client.
 *
 * @throws {ServiceError} `JOB_NOT_FOUND`, `BATCH_REMOVED`, or `INTERNAL_ERROR` if its stored data is unreadable
 */
export async function findJob(queue: QueueClient, client: Client, jobId: string): Promise<FileStatus> {
  const job = isImageJobId(jobId) ? await queue.readFile(jobId) : undefined;
  if (job && isPresent(job, client)) return readable(job, batchIdOf(jobId));
  throw new ServiceError('JOB_NOT_FOUND', [jobId]);
}

/**
 * Reads the status of a job that belongs to the client and whose file was not deleted.
 *
 * @throws {ServiceError} as {@link findJob}, or `FILE_DELETED`
 */
export async function findKeptJob(queue: QueueClient, client: Client, jobId: string): Promise<FileStatus> {
  const job = await findJob(queue, client, jobId);
  if (!job.deletedAt) return job;
  const deletedAt = job.deletedAt.toISOString();
  throw new ServiceError('FILE_DELETED', [{ deletedAt }], { members: { deletedAt } });
}

/** The error for a file whose result or original does not exist: `JOB_FAILED`, or `JOB_NOT_FINISHED`. */
export function notReady({ payload, state, failure }: FileStatus): ServiceError {
  if (failure) return new ServiceError('JOB_FAILED', [failure.message]);
  return notFinished({ payload, state });
}

/** The error for a file whose job has not ended. */
export function notFinished({ payload, state }: Pick<FileStatus, 'payload' | 'state'>): ServiceError {
  const url = jobLinks(payload.batchId, payload.index).self;
  return new ServiceError('JOB_NOT_FINISHED', [state, url], { retryAfterSeconds: POLL_AFTER_SECONDS });
}

/**
 * Returns whether a client can see a batch or job. One of another owner counts as absent, so that its existence is not revealed. A
 * signed link allows only the path for which it was signed.
 *
 * @throws {ServiceError} `BATCH_REMOVED` if it was deleted
 */
function isPresent({ owner, value, unreadable, removedAt }: Found<unknown>, client: Client): boolean {
  if (owner !== client.owner && client.linkExpiresAt === undefined) return false;
  if (value !== undefined || unreadable !== undefined) return true;
  throw new ServiceError('BATCH_REMOVED', [removedAt], { members: removedAt === undefined ? {} : { removedAt } });
}

function readable<T>({ value, unreadable }: Found<T>, batchId: string): T {
  if (value !== undefined) return value;
  throw new ServiceError('INTERNAL_ERROR', [{ unreadableBatch: batchId }], { cause: unreadable });
}
