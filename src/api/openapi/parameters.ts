import { z } from 'zod';
import { batchId } from './examples.ts';

/** Path parameters of a batch's routes. */
export const batchParams = z.object({
  batchId: z.string().meta({ description: 'Id of the batch, from the response to its upload', example: batchId }),
});

/** Path parameters of a job's routes. */
export const jobParams = z.object({
  jobId: z
    .string()
    .meta({ description: 'Id of the file’s job, from the status of its batch', example: `${batchId}-0` }),
});

/** `Prefer` header of a request whose response may wait. */
export const preferHeader = z
  .string()
  .optional()
  .meta({
    description: '`wait=30` (RFC 7240): respond when it is finished, or after 30 seconds; at most 60',
    param: { name: 'Prefer', in: 'header' },
  });
