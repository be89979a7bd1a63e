import type { JobsOptions } from 'bullmq';
import { z } from 'zod';

/** What a file's job carries: enough to find its original and to name its result, nothing that leads to a path. */
export const imageJobPayload = z.object({
  batchId: z.uuidv4(),
  index: z.int().min(0),
  originalName: z.string(),
});
/** See {@link imageJobPayload}. */
export type ImageJobPayload = z.infer<typeof imageJobPayload>;

/** What a finished file leaves behind, as clients see it. */
export const imageJobResult = z
  .object({
    originalName: z.string().meta({ description: 'File name as the client sent it' }),
    outputPath: z.string().meta({ description: 'Where the result is, relative to the project' }),
    width: z.int().positive().meta({ description: 'Width of the result in pixels' }),
    height: z.int().positive().meta({ description: 'Height of the result in pixels' }),
    bytes: z.int().positive().meta({ description: 'Size of the result in bytes' }),
    format: z.enum(['jpeg']).meta({ description: 'File format of the result' }),
  })
  .meta({ id: 'Result' });
/** See {@link imageJobResult}. */
export type ImageJobResult = z.infer<typeof imageJobResult>;

/**
 * A fault of ours gets three attempts, half a second to a second and then one to two seconds apart; the jitter keeps
 * the jobs that one fault hit together from coming back together. A fault of the image is not tried again: the worker
 * raises an `UnrecoverableError`.
 * A file that failed must not keep its batch from ending, hence `ignoreDependencyOnFailure`.
 */
export const imageJobOptions = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
  ignoreDependencyOnFailure: true,
} as const satisfies JobsOptions;
