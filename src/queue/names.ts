import { validate, version } from 'uuid';

/** BullMQ queue of the files: one job each. */
export const IMAGE_QUEUE = 'images';
/** BullMQ queue of the batches: the parent job of a batch's files, which runs when the last of them has ended. */
export const BATCH_QUEUE = 'batches';
/** BullMQ queue of the sweeps. */
export const SWEEP_QUEUE = 'sweeps';

/** Whether a text from outside can be the id of a batch: a random UUID (version 4). Anything else is unknown for sure. */
export function isBatchId(text: string): boolean {
  return validate(text) && version(text) === 4 && text === text.toLowerCase();
}

/**
 * The job id of one file. Derived, never looked up: enqueueing or running a job twice meets the same job.
 *
 * @param index place of the file in its upload, from 0
 */
export function imageJobId(batchId: string, index: number): string {
  return `${batchId}-${index}`;
}

/** Whether a text from outside can be the id of a file's job. */
export function isImageJobId(text: string): boolean {
  const [, batchId = ''] = /^(.+)-(?:0|[1-9]\d{0,3})$/.exec(text) ?? [];
  return isBatchId(batchId);
}

/** Characters of a batch id. */
const BATCH_ID_LENGTH = 36;

/** The batch of a file's job, with whose id the job's begins. */
export function batchIdOf(jobId: string): string {
  return jobId.slice(0, BATCH_ID_LENGTH);
}

/** The place of a file in its upload, from 0, with which its job's id ends. */
export function indexOf(jobId: string): number {
  return Number(jobId.slice(BATCH_ID_LENGTH + 1));
}
