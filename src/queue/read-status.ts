import type { Queue } from 'bullmq';
import { z } from 'zod';
import { type Failure, parseFailure } from '../shared/failures.ts';
import { type BatchJobPayload, type BatchState, batchJobPayload } from './batch-job.ts';
import { removedBatch } from './batch-remover.ts';
import { bullmqKeys, CANCELLED_AT, DELETED_AT } from './bullmq-keys.ts';
import type { RedisConnection } from './connection.ts';
import { type FileRecord, type ImageJobResult, readFileRecord, readResult, type SourcePayload } from './image-job.ts';
import type { ServiceKeys } from './keys.ts';
import { batchIdOf, imageJobId } from './names.ts';
import { readOwner } from './read-owner.ts';
import { isUnreadable, parseStored } from './stored-data.ts';

/** The queues to read from, and the connection that they share. */
export interface StatusSource {
  redis: RedisConnection;
  images: Queue<SourcePayload, ImageJobResult>;
  batches: Queue<BatchJobPayload>;
  keys: ServiceKeys;
}

/** The outcome of a lookup by id. */
export interface Found<T> {
  /** Name of the API key that owns it; `undefined` if the service has no keys. */
  owner: string | undefined;
  /** Its status, unless it was deleted or is unreadable. */
  value: T | undefined;
  /** The error of reading its stored data, if this version cannot read them. */
  unreadable?: unknown;
  /** When its batch was deleted, in ISO 8601. */
  removedAt?: string | undefined;
}

/** States of a file's job. They are part of the contract. */
export const jobStates = ['waiting', 'active', 'completed', 'failed'] as const;
/** Schema of a state. */
export const jobState = z.enum(jobStates).meta({ id: 'JobState' });

/** Status of one file and its job. */
export interface FileStatus {
  jobId: string;
  payload: FileRecord;
  state: (typeof jobStates)[number];
  /** Per cent. */
  progress: number;
  /** Set once the state is `completed`. */
  result: ImageJobResult | null;
  /** Set once the state is `failed`. */
  failure: Failure | null;
  /** Whether a worker has ever taken the job. */
  hasStarted: boolean;
  /** When the job ended, in milliseconds since 1970. */
  finishedAt: number | null;
  /** When its original and its results were deleted. */
  deletedAt: Date | null;
}

/** Number of files in all and by state. The four states add up to the total. */
export type BatchProgress = Record<'total' | FileStatus['state'], number>;

/** Status of a batch and of each of its files. */
export interface BatchStatus {
  batchId: string;
  status: BatchState;
  progress: BatchProgress;
  createdAt: Date;
  /** When its last file ended; `null` until then. */
  finishedAt: Date | null;
  /** When it was cancelled. */
  cancelledAt: Date | null;
  tags: readonly string[];
  /** JSON text of an object. */
  metadata: string | undefined;
  /** Address that is called when it has ended. */
  webhook: string | undefined;
  /** Whether the webhook has signed URLs of the results. */
  signsLinks: boolean;
  /** Batch from which this one was made. */
  sourceBatchId: string | undefined;
  /** In the order of the upload. */
  files: FileStatus[];
}

/** Fields of a file's job that its status needs. BullMQ's `getJob()` would read and parse all fields. */
const fileFields = ['data', 'ats', 'progress', 'finishedOn', 'returnvalue', 'failedReason', DELETED_AT] as const;
type FileFields = Record<(typeof fileFields)[number], string | null>;

/**
 * Derives the state from the job's own hash. BullMQ's `getState()` searches the waiting list, so its cost grows with the backlog.
 *
 * @param isHeld whether a worker holds the job's lock
 */
function toFileStatus(jobId: string, fields: FileFields, isHeld: boolean): FileStatus {
  const { data, ats, progress, finishedOn, returnvalue, failedReason, deletedAt } = fields;
  const payload = readFileRecord({ id: jobId, data: parseStored(data ?? '') });
  const common = {
    jobId,
    payload,
    hasStarted: Number(ats) > 0,
    finishedAt: finishedOn === null ? null : Number(finishedOn),
    deletedAt: deletedAt === null ? null : new Date(Number(deletedAt)),
  };
  if (finishedOn === null) {
    // A job that waits for its next attempt keeps the progress of the last one. Only the lock shows that it runs.
    const running = { state: 'active' as const, progress: Number(progress) || 0 };
    const waiting = { state: 'waiting' as const, progress: 0 };
    return { ...common, ...(isHeld ? running : waiting), result: null, failure: null };
  }
  // The reason of a failed attempt stays after a later success, so only a result shows success.
  if (returnvalue !== null) {
    const result = readResult(parseStored(returnvalue));
    return { ...common, state: 'completed', progress: 100, result, failure: null };
  }
  return { ...common, state: 'failed', progress: 100, result: null, failure: parseFailure(failedReason ?? '') };
}

/**
 * Reads the status of one file in one round trip.
 *
 * @returns `undefined` if there is no such job
 */
async function readFile({ redis, images }: StatusSource, jobId: string): Promise<FileStatus | undefined> {
  const keys = bullmqKeys(images);
  // Both commands are sent in one pipeline, the lock first. So a job that ends meanwhile is read as ended, not as waiting.
  const [isHeld, values] = await Promise.all([
    redis.exists(keys.lock(jobId)),
    redis.hmget(keys.job(jobId), ...fileFields),
  ]);
  if (values.every((value) => value === null)) return undefined;
  const fields = Object.fromEntries(fileFields.map((name, at) => [name, values[at]])) as FileFields;
  return toFileStatus(jobId, fields, isHeld === 1);
}

/**
 * Looks up a file by its job id, in one round trip.
 *
 * @returns `undefined` if there is no such job and none was deleted
 */
export async function readFoundFile(source: StatusSource, jobId: string): Promise<Found<FileStatus> | undefined> {
  const batchId = batchIdOf(jobId);
  return unlessUnreadable<FileStatus>(source, batchId, async () => {
    const [removed, value] = await Promise.all([readRemoved(source, batchId), readFile(source, jobId)]);
    return removed ?? (value && { owner: value.payload.owner, value });
  });
}

/** Reads a status. If it is unreadable, finds its owner, who may still delete it. */
async function unlessUnreadable<T>(
  source: StatusSource,
  batchId: string,
  read: () => Promise<Found<T> | undefined>,
): Promise<Found<T> | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const [removed, owner] = await Promise.all([readRemoved(source, batchId), readOwner(source, batchId)]);
    return removed ?? { owner, value: undefined, unreadable: error };
  }
}

/** Reads the record of a deleted batch, if there is one. */
async function readRemoved({ redis, keys }: StatusSource, batchId: string): Promise<Found<never> | undefined> {
  const note = await redis.get(keys.removed(batchId));
  if (note === null) return undefined;
  const { owner, removedAt } = removedBatch.parse(parseStored(note));
  return { owner, removedAt, value: undefined };
}

/**
 * Looks up a batch and all its files in two round trips, whatever the backlog. The counts are derived from the listed states, so
 * they always add up.
 *
 * @param reader client for which to read; a batch of another owner counts as absent
 * @returns `undefined` if there is no such batch and none was deleted
 */
export function readBatchStatus(
  source: StatusSource,
  batchId: string,
  reader?: { owner: string | undefined },
): Promise<Found<BatchStatus> | undefined> {
  return unlessUnreadable(source, batchId, () => readWholeBatch(source, batchId, reader));
}

async function readWholeBatch(
  source: StatusSource,
  batchId: string,
  reader: { owner: string | undefined } | undefined,
): Promise<Found<BatchStatus> | undefined> {
  const { redis, batches } = source;
  const [removed, batch, cancelled] = await Promise.all([
    readRemoved(source, batchId),
    batches.getJob(batchId),
    redis.hget(bullmqKeys(batches).job(batchId), CANCELLED_AT),
  ]);
  if (removed || !batch) return removed;
  const {
    total,
    owner,
    tags = [],
    metadata,
    webhook,
    signsLinks = false,
    sourceBatchId,
  } = batchJobPayload.parse(batch.data);
  // Check this before reading the files. Otherwise the response time would reveal a batch of another owner.
  if (reader && reader.owner !== owner) return undefined;
  const read = await Promise.all(
    Array.from({ length: total }, (_, index) => readFile(source, imageJobId(batchId, index))),
  );
  const files = read.filter((file) => file !== undefined);
  // Either the batch was deleted meanwhile, or Redis has lost the job.
  if (files.length < total) throw new RangeError(`${total - files.length} of ${total} files have no job`);

  const progress = { total, completed: 0, failed: 0, active: 0, waiting: 0 };
  for (const { state } of files) progress[state] += 1;

  const createdAt = new Date(batch.timestamp);
  if (Number.isNaN(createdAt.getTime())) throw new RangeError('the batch has no valid creation time');
  const status = batchState(
    progress,
    files.some(({ hasStarted }) => hasStarted),
  );
  const hasEnded = progress.completed + progress.failed === total;
  const finishedAt = hasEnded ? new Date(Math.max(...files.map((file) => file.finishedAt ?? 0))) : null;
  const cancelledAt = cancelled === null ? null : new Date(Number(cancelled));
  const description = { tags, metadata, webhook, signsLinks, sourceBatchId };
  const times = { createdAt, finishedAt, cancelledAt };
  return { owner, value: { batchId, status, progress, ...times, ...description, files } };
}

/** Derives the status of a batch from the states of its files. */
export function batchState({ total, completed, failed }: BatchProgress, hasStarted: boolean): BatchState {
  if (completed === total) return 'completed';
  if (completed + failed === total) return 'completed-with-errors';
  return hasStarted ? 'processing' : 'waiting';
}
