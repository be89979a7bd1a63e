import type { Config } from '../../shared/config.ts';

/** Path of the endpoint for uploads. */
export const UPLOAD_PATH = '/process-images';
/** Paths of the endpoints that make a batch from another one. */
export const RETRY_PATH = '/batches/:batchId/retry';
export const REPROCESS_PATH = '/batches/:batchId/reprocess';
/** Form field of the files. */
export const FILES_FIELD = 'images';
/** Name of a file that came without one. */
export const DEFAULT_NAME = 'image';

/** Maximum bytes of a form without its files: boundaries, part headers, and text fields. */
const FORM_BYTES = 64 * 1024;
/** Maximum bytes of a text field. This is enough for the longest list of variants. */
export const TEXT_BYTES = 16 * 1024;

/** Limits of one upload. */
export type UploadLimits = Pick<Config, 'maxFiles' | 'maxFileBytes' | 'acceptedFormats' | 'requestTimeoutMs'>;

/** Returns the maximum bytes of the body of an upload. */
export function maxRequestBytes({ maxFiles, maxFileBytes }: UploadLimits): number {
  return maxFiles * maxFileBytes + FORM_BYTES;
}
