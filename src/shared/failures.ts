import { z } from 'zod';

/** Why a file can fail, by code, with the meaning of each. Codes are part of the contract: a released one never changes its meaning. */
export const failureCodes = {
  IMAGE_CORRUPT: 'The content of the image cannot be decoded.',
  IMAGE_TRUNCATED: 'The file ends before the image does.',
  IMAGE_TOO_LARGE: 'The image has more pixels or frames than the service accepts (`MAX_MEGAPIXELS`, `MAX_FRAMES`).',
  IMAGE_UNSUPPORTED: 'The file is not an image of a format that the service accepts.',
  IMAGE_UNSUITABLE:
    'An option does not fit this image: a frame that it does not have, or a crop that lies outside of it.',
  OUTPUT_TOO_LARGE: 'The options would make a result that is larger than the service or `maxBytes` allows.',
  TIMEOUT: 'Processing took longer than the time limit for one file (`JOB_TIMEOUT_SECONDS`).',
  OUT_OF_MEMORY: 'Processing needed more memory than the limit for one file (`JOB_MEMORY_MB`).',
  PROCESS_CRASHED: 'The process that worked on the image ended unexpectedly, in every attempt.',
  ORIGINAL_GONE: 'The uploaded file no longer exists: someone has deleted it from the storage.',
  STORAGE_UNAVAILABLE: 'The service could not read the original or store the result, in every attempt.',
  IMPORT_FAILED:
    'The file could not be imported from its URL: the server refused it, or was unreachable in every attempt.',
  IMPORT_TOO_LARGE: 'The file at the URL is larger than the limit for one file (`MAX_FILE_BYTES`).',
  IMPORT_TIMEOUT: 'The server of the URL did not send the file in time (`IMPORT_TIMEOUT_SECONDS`), in every attempt.',
  IMPORT_NOT_ALLOWED: 'The service may not import files from this host or address (`IMPORT_HOSTS`).',
  CANCELLED: 'The batch was cancelled before the file had ended.',
  INTERNAL: 'The service failed unexpectedly. Its log has the cause under the id of the job.',
} as const;

/** A stable name for the reason why a file failed. */
export type FailureCode = keyof typeof failureCodes;

const code = z.enum(Object.keys(failureCodes) as [FailureCode, ...FailureCode[]]).meta({ id: 'FailureCode' });
/** Why a file failed. `message` is a sentence for the person who sent the file. */
export const failure = z
  .object({ code, message: z.string().meta({ description: 'Why, for the person who sent the file' }) })
  .meta({ id: 'Failure' });
/** The same as it is stored. A newer version may know further codes. */
export const storedFailure = z.object({ ...failure.shape, code: code.catch('INTERNAL') });
/** Why a file failed. */
export type Failure = z.infer<typeof failure>;

/** BullMQ stores one text for a failed job, so the code precedes the message in it. */
const TEXT = /^([A-Z][A-Z_]+): (.*)$/s;
/** Text that BullMQ itself stores for a job whose workers died too often. */
const STALLED = /^job stalled more than/;

/** Writes a failure as the `failedReason` of a BullMQ job. */
export function formatFailure({ code, message }: Failure): string {
  return `${code}: ${message}`;
}

/** Reads the `failedReason` of a BullMQ job, whatever version wrote it. */
export function parseFailure(failedReason: string): Failure {
  const [, code = '', message = ''] = TEXT.exec(failedReason) ?? [];
  if (Object.hasOwn(failureCodes, code)) return { code: code as FailureCode, message };
  if (STALLED.test(failedReason)) {
    return { code: 'PROCESS_CRASHED', message: 'the worker that processed this file died, in every attempt' };
  }
  // A newer version may know further codes. An older version wrote none.
  return { code: 'INTERNAL', message: message || failedReason };
}
