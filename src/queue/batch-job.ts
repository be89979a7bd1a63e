import { z } from 'zod';

/**
 * Maximum number of files in a stored batch. It is above the limit for uploads, since a later version may allow more. It keeps a
 * reader of corrupt data from requesting a million jobs from Redis.
 */
const MAX_STORED_FILES = 10_000;

/** Data of a batch's job. The job ids of its files are derived from its id. */
export const batchJobPayload = z.object({
  /** Number of files. */
  total: z.int().positive().max(MAX_STORED_FILES),
  /** Name of the API key that owns the batch; `undefined` if the service requires no keys. */
  owner: z.string().optional(),
});
/** See {@link batchJobPayload}. */
export type BatchJobPayload = z.infer<typeof batchJobPayload>;
