import { z } from 'zod';

/**
 * Files of a stored batch, at most. An upload has fewer; a later version may allow more, and a number that is broken must not
 * make a reader ask Redis for a million jobs.
 */
const MOST_FILES = 10_000;

/** What is known of a batch from the start. Its files' job ids follow from its own. */
export const batchJobPayload = z.object({
  total: z.int().positive().max(MOST_FILES),
  /** Name of the API key that it belongs to; none where the service is open to all. */
  owner: z.string().optional(),
});
/** See {@link batchJobPayload}. */
export type BatchJobPayload = z.infer<typeof batchJobPayload>;
