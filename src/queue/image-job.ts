import type { JobsOptions } from 'bullmq';
import { z } from 'zod';
import { output, withDefaults } from '../imaging/options.ts';
import { formatNames } from '../shared/setting-types.ts';
import { batchIdOf, indexOf } from './names.ts';
import { PAYLOAD_VERSION } from './payload-version.ts';

/**
 * A file name as the client sent it. A lone surrogate becomes U+FFFD, as in browsers: no header can hold it, and many JSON
 * parsers refuse it. Stored jobs may have such names too, so readers replace it as well.
 */
const originalName = z.string().overwrite((name) => name.toWellFormed());

/**
 * What a file's job carries: enough to find its original and to name its results, nothing that leads to a path. This is what a
 * worker needs to run it. A payload of a higher version cannot be read; what is merely added to one of this version is ignored.
 */
const imageJobPayload = z.object({
  version: z.int().max(PAYLOAD_VERSION).optional(),
  batchId: z.uuidv4(),
  index: z.int().min(0),
  originalName,
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

/** What the API needs of a file's job, whatever version wrote it. */
const fileRecord = imageJobPayload.pick({ batchId: true, index: true, originalName: true, owner: true }).extend({
  /** Format of the original, unless only a newer version knows it. */
  format: z.enum(formatNames).optional().catch(undefined),
});
/** See {@link fileRecord}. */
export type FileRecord = z.infer<typeof fileRecord>;

/** A job as BullMQ reads it, of which only the id is certain. */
interface StoredJob {
  id?: string | undefined;
  data: unknown;
}

/** The ids of a file come from its job's id: data that names another batch must not lead to that batch's files. */
function withIds({ id = '', data }: StoredJob): object {
  return { ...(data as object), batchId: batchIdOf(id), index: indexOf(id) };
}

/**
 * Reads all that a worker needs of a stored job.
 *
 * @throws {z.ZodError} when this version cannot run it
 */
export function readPayload(job: StoredJob): ImageJobPayload {
  return imageJobPayload.parse(withIds(job));
}

/**
 * Reads what the API needs of a stored job.
 *
 * @throws {z.ZodError} when not even that can be read
 */
export function readFileRecord(job: StoredJob): FileRecord {
  return fileRecord.parse(withIds(job));
}

/** The results that a file's job makes or has made, by what their names are derived from. */
export function resultsOf(jobId: string, { format, outputs }: Pick<ImageJobPayload, 'format' | 'outputs'>) {
  return outputs.map(({ name, options }): { jobId: string; format: string; variant?: string } => ({
    jobId,
    format: withDefaults(options, format).format,
    ...(name !== undefined && { variant: name }),
  }));
}

/**
 * A format by its name: one of ours, or one that only a newer version knows. A file's name can end with it, hence the pattern.
 */
const formatName = z.union([z.enum(formatNames), z.string().regex(/^[a-z0-9]{1,16}$/)]);

const picture = z.object({
  outputPath: z
    .string()
    .meta({ description: 'Where the result is: a path relative to the project, or `s3://…` in a bucket' }),
  width: z.int().positive().meta({ description: 'Width of the result in pixels' }),
  height: z.int().positive().meta({ description: 'Height of the result in pixels' }),
  bytes: z.int().positive().meta({ description: 'Size of the result in bytes' }),
  format: formatName.meta({ description: 'File format of the result; a later version may make others' }),
});

/** One of several results of a file. */
export const variantResult = z.object({
  name: z.string().meta({ description: 'Name of the variant' }),
  ...picture.shape,
});

/** What a finished file leaves behind in the queue. */
export const imageJobResult = z.object({
  originalName: originalName.meta({ description: 'File name as the client sent it' }),
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
