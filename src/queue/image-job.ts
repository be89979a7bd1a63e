import type { JobsOptions } from 'bullmq';
import { z } from 'zod';
import { output, withDefaults } from '../imaging/options.ts';
import { type FormatName, formatNames } from '../shared/setting-types.ts';
import { imageJobId } from './names.ts';

/** What a file's job carries: enough to find its original and to name its results, nothing that leads to a path. */
export const imageJobPayload = z.object({
  version: z.int().optional(),
  batchId: z.uuidv4(),
  index: z.int().min(0),
  originalName: z.string(),
  /** Name of the API key that it belongs to; none where the service is open to all. */
  owner: z.string().optional(),
  /** Id of the request that brought it, for the log. */
  requestId: z.string().optional(),
  /** Format of the original, by its signature. */
  format: z.enum(formatNames),
  outputs: z.array(output).min(1),
});
/** See {@link imageJobPayload}. */
export type ImageJobPayload = z.infer<typeof imageJobPayload>;

/** The results that a file's job makes or has made, by what their names are derived from. */
export function resultsOf({ batchId, index, format, outputs }: ImageJobPayload) {
  return outputs.map(({ name, options }): { jobId: string; format: FormatName; variant?: string } => ({
    jobId: imageJobId(batchId, index),
    format: withDefaults(options, format).format,
    ...(name !== undefined && { variant: name }),
  }));
}

const picture = z.object({
  outputPath: z
    .string()
    .meta({ description: 'Where the result is: a path relative to the project, or `s3://…` in a bucket' }),
  width: z.int().positive().meta({ description: 'Width of the result in pixels' }),
  height: z.int().positive().meta({ description: 'Height of the result in pixels' }),
  bytes: z.int().positive().meta({ description: 'Size of the result in bytes' }),
  format: z.enum(formatNames).meta({ description: 'File format of the result' }),
});

/** One of several results of a file. */
export const variantResult = z.object({
  name: z.string().meta({ description: 'Name of the variant' }),
  ...picture.shape,
});

/** What a finished file leaves behind in the queue. */
export const imageJobResult = z.object({
  originalName: z.string().meta({ description: 'File name as the client sent it' }),
  ...picture.shape,
  placeholder: z
    .object({
      thumbHash: z.base64().meta({ description: 'ThumbHash of the result' }),
      dominantColor: z.string().meta({ description: 'Most frequent colour of the result, as #rrggbb' }),
    })
    .meta({ description: 'What a page can show before the result is there' }),
  outputs: z.array(variantResult).optional(),
});
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
