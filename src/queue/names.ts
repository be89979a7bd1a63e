import { validate, version } from 'uuid';

/** BullMQ queue with one job per file. */
export const IMAGE_QUEUE = 'images';
/** BullMQ queue with one job per batch: the parent of the jobs of its files. It runs when the last of them has ended. */
export const BATCH_QUEUE = 'batches';
/** BullMQ queue with one job per webhook: its id is that of the batch. */
export const WEBHOOK_QUEUE = 'webhooks';
/** BullMQ queue with one job per file to import: its id is that of the file's job. */
export const IMPORT_QUEUE = 'imports';
/** BullMQ queue of the cleanup job. */
export const SWEEP_QUEUE = 'sweeps';
/** All queues. */
export const QUEUES = [IMAGE_QUEUE, BATCH_QUEUE, IMPORT_QUEUE, WEBHOOK_QUEUE, SWEEP_QUEUE];

/** Returns whether a text can be the id of a batch: a random UUID (version 4) in lower case. */
export function isBatchId(text: string): boolean {
  return validate(text) && version(text) === 4 && text === text.toLowerCase();
}

/**
 * Derives the job id of a file. Enqueueing a file twice therefore makes one job.
 *
 * @param index position of the file in its upload, from 0
 */
export function imageJobId(batchId: string, index: number): string {
  return `${batchId}-${index}`;
}

/** Returns whether a text can be the id of a file's job. */
export function isImageJobId(text: string): boolean {
  const [, batchId = ''] = /^(.+)-(?:0|[1-9]\d{0,3})$/.exec(text) ?? [];
  return isBatchId(batchId);
}

/** Characters of a batch id. */
const BATCH_ID_LENGTH = 36;

/** Returns the batch id, with which a job id begins. */
export function batchIdOf(jobId: string): string {
  return jobId.slice(0, BATCH_ID_LENGTH);
}

/** Returns the position of a file in its upload, from 0, with which its job id ends. */
export function indexOf(jobId: string): number {
  return Number(jobId.slice(BATCH_ID_LENGTH + 1));
}
