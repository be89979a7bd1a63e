import { z } from 'zod';
import { imageJobResult, variantResult } from './image-job.ts';

const url = z.string().meta({ description: 'Address below this service' });
const jobId = z.string().meta({ description: 'Opaque id of the file’s job' });
const state = z.enum(['waiting', 'active', 'completed', 'failed']).meta({ id: 'JobState' });

/** A finished file, as clients see it. */
export const result = imageJobResult
  .extend({
    resultUrl: url,
    outputs: z
      .array(variantResult.extend({ resultUrl: url }))
      .optional()
      .meta({ description: 'With `variants`: each by its name; the fields above are those of the first' }),
  })
  .meta({ id: 'Result' });
/** See {@link result}. */
export type Result = z.infer<typeof result>;

const resultOrNull = result.nullable().meta({ description: 'Set once the state is `completed`' });
const failedReason = z
  .string()
  .nullable()
  .meta({ description: 'Why the file could not be processed; set once the state is `failed`' });

/** Answer of `GET /jobs/:jobId`. */
export const jobStatus = z
  .object({
    jobId,
    state,
    progress: z
      .number()
      .min(0)
      .max(100)
      .meta({ description: '0 at first, 10 while an image takes its time, 100 at its end' }),
    result: resultOrNull,
    failedReason,
    links: z.object({ self: url, batch: url, result: url, original: url }),
  })
  .meta({ id: 'JobStatus' });
/** See {@link jobStatus}. */
export type JobStatus = z.infer<typeof jobStatus>;

const count = z.int().min(0);

/** Answer of `GET /batches/:batchId`. The four counts of `progress` add up to its `total`. */
export const batchStatus = z
  .object({
    batchId: z.uuidv4(),
    status: z.enum(['waiting', 'processing', 'completed', 'completed-with-errors']).meta({
      id: 'BatchState',
      description:
        '`waiting`: nothing has started; `processing`: something has started and not everything has ended; ' +
        '`completed`: every file was processed; `completed-with-errors`: everything has ended, at least one file failed',
    }),
    progress: z.object({ total: count, completed: count, failed: count, active: count, waiting: count }),
    createdAt: z.iso.datetime(),
    files: z
      .array(z.object({ jobId, originalName: z.string(), state, result: resultOrNull, failedReason, resultUrl: url }))
      .meta({ description: 'In the order of the upload' }),
    links: z.object({ self: url, events: url, archive: url }),
  })
  .meta({ id: 'BatchStatus' });
/** See {@link batchStatus}. */
export type BatchStatus = z.infer<typeof batchStatus>;
