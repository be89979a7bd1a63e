import { z } from 'zod';

/** What is known of a batch from the start. Its files' job ids follow from its own. */
export const batchJobPayload = z.object({
  total: z.int().positive(),
});
/** See {@link batchJobPayload}. */
export type BatchJobPayload = z.infer<typeof batchJobPayload>;
