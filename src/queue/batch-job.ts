import { z } from 'zod';

/** What is known of a batch from the start. Its files' job ids follow from its own. */
export const batchJobPayload = z.object({
  total: z.int().positive(),
  /** Name of the API key that it belongs to; none where the service is open to all. */
  owner: z.string().optional(),
});
/** See {@link batchJobPayload}. */
export type BatchJobPayload = z.infer<typeof batchJobPayload>;
