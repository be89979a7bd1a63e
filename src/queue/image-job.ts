import type { JobsOptions } from 'bullmq';
import { z } from 'zod';
import { imageInfo } from '../imaging/info-schema.ts';
import { output, withDefaults } from '../imaging/options.ts';
import { storedFailure } from '../shared/failures.ts';
import { formatNames } from '../shared/setting-types.ts';
import { batchIdOf, indexOf } from './names.ts';
import { PAYLOAD_VERSION } from './payload-version.ts';

/**
 * A file name as the client sent it. A lone surrogate becomes U+FFFD, as in browsers: headers cannot contain it, and many JSON
 * parsers refuse it. Older versions stored such names, so readers replace it too.
 */
const originalName = z.string().overwrite((name) => name.toWellFormed());

/**
 * Payload of a file's job: enough to find its original and to name its results, and no path. A payload of a higher version is
 * refused. Unknown fields are ignored.
 */
const imageJobPayload = z.object({
  version: z.int().max(PAYLOAD_VERSION).optional(),
  batchId: z.uuidv4(),
  index: z.int().min(0),
  originalName,
  /** Name of the API key that owns it; absent if the service has no keys. */
  owner: z.string().optional(),
  /** Id of the upload's request, for the log. */
  requestId: z.string().optional(),
  /** Format of the original, detected from its signature. */
  format: z.enum(formatNames),
  outputs: z.array(output).min(1),
  /** SHA-256 of the original in hexadecimal; absent if `REUSE_RESULTS` was off when it was stored. */
  contentHash: z.string().optional(),
  /** When the original was imported, in milliseconds since 1970; absent if it was uploaded. */
  importedAt: z.number().optional(),
});
/** See {@link imageJobPayload}. */
export type ImageJobPayload = z.infer<typeof imageJobPayload>;

/**
 * Payload of a file that is to be imported from a URL. It has no format until then. Its job is held, so that no worker takes it. If the
 * import fails for good, the job gets its failure and is released.
 */
const sourcePayload = imageJobPayload.extend({
  format: imageJobPayload.shape.format.optional(),
  importUrl: z.string().optional(),
  importFailure: storedFailure.optional(),
});
/** See {@link sourcePayload}. */
export type SourcePayload = z.infer<typeof sourcePayload>;

/** The fields of a payload that the API needs, whatever version wrote it. */
const fileRecord = imageJobPayload.pick({ batchId: true, index: true, originalName: true, owner: true }).extend({
  /** Format of the original; `undefined` for formats of newer versions. */
  format: z.enum(formatNames).optional().catch(undefined),
  importUrl: z.string().optional().catch(undefined),
});
/** See {@link fileRecord}. */
export type FileRecord = z.infer<typeof fileRecord>;

/** A job as BullMQ reads it. Only its id can be trusted. */
interface StoredJob {
  id?: string | undefined;
  data: unknown;
}

/** Takes the ids from the job id: broken data must not lead to the files of another batch. */
function withIds({ id = '', data }: StoredJob): object {
  return { ...(data as object), batchId: batchIdOf(id), index: indexOf(id) };
}

/**
 * Reads the payload of a stored job.
 *
 * @throws {z.ZodError} if this version cannot run it
 */
export function readPayload(job: StoredJob): ImageJobPayload {
  return imageJobPayload.parse(withIds(job));
}

/**
 * Reads the payload of a stored job, whether its original has been imported or not.
 *
 * @throws {z.ZodError} if this version cannot run it
 */
export function readSourcePayload(job: StoredJob): SourcePayload {
  return sourcePayload.parse(withIds(job));
}

/**
 * Reads whether the import of a file has ended. A worker can import files also for jobs of newer versions.
 *
 * @returns `unreadable` if the job will fail anyway
 */
export function readImportState({ data }: StoredJob): 'pending' | 'ended' | 'unreadable' {
  const state = z
    .object({ importUrl: z.string(), format: z.unknown().optional(), importFailure: z.unknown().optional() })
    .safeParse(data);
  if (!state.success) return 'unreadable';
  return state.data.format === undefined && state.data.importFailure === undefined ? 'pending' : 'ended';
}

/**
 * Reads the fields of a stored job that the API needs.
 *
 * @throws {z.ZodError} if they are unreadable
 */
export function readFileRecord(job: StoredJob): FileRecord {
  return fileRecord.parse(withIds(job));
}

/** A result, as the parts from which its name is derived. */
interface ResultParts {
  jobId: string;
  format: string;
  variant?: string;
}

/** Lists the results of a job, one for each output. */
export function resultsOf(jobId: string, { format, outputs }: Pick<ImageJobPayload, 'format' | 'outputs'>) {
  return outputs.map(
    ({ name, options }): ResultParts => ({
      jobId,
      format: withDefaults(options, format).format,
      ...(name !== undefined && { variant: name }),
    }),
  );
}

/** Lists the results that a job may have. Before an import the format of the original may be any. */
export function possibleResultsOf(jobId: string, { format, outputs }: Pick<SourcePayload, 'format' | 'outputs'>) {
  const formats = format === undefined ? formatNames : [format];
  return formats.flatMap((possible) => resultsOf(jobId, { format: possible, outputs }));
}

/**
 * Name of a format, also of a newer version. The pattern keeps it safe in a file name.
 */
const formatName = z.union([z.enum(formatNames).exclude(['heic']), z.string().regex(/^[a-z0-9]{1,16}$/)]);

const image = z.object({
  outputPath: z
    .string()
    .meta({ description: 'Where the result is: a path relative to the project, or `s3://…` in a bucket' }),
  width: z.int().positive().meta({ description: 'Width of the result in pixels' }),
  height: z.int().positive().meta({ description: 'Height of the result in pixels' }),
  bytes: z.int().positive().meta({ description: 'Size of the result in bytes' }),
  format: formatName.meta({ description: 'File format of the result; later versions may add formats' }),
});

/** One of several results of a file. */
export const variantResult = z.object({
  name: z.string().meta({ description: 'Name of the variant' }),
  ...image.shape,
});

/** Result of a file's job. */
export const imageJobResult = z.object({
  originalName: originalName.meta({ description: 'File name as the client sent it' }),
  ...image.shape,
  placeholder: z
    .object({
      thumbHash: z.base64().meta({ description: 'ThumbHash of the result' }),
      dominantColor: z.string().meta({ description: 'Most frequent colour of the result, as #rrggbb' }),
    })
    .meta({ id: 'Placeholder', description: 'Placeholders to show until the result has loaded' }),
  dhash: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional()
    .meta({ description: 'Perceptual hash of the result; absent if an older version made it' }),
  info: imageInfo.optional(),
  outputs: z.array(variantResult).optional(),
  reused: z
    .boolean()
    .optional()
    .meta({ description: '`true` if the result was taken from an earlier file with the same content and options' }),
});
/** See {@link imageJobResult}. */
export type ImageJobResult = z.infer<typeof imageJobResult>;

const { dhash, info } = imageJobResult.shape;
/** Reads a field that a newer version describes in another way as absent. */
const storedResult = imageJobResult.extend({ dhash: dhash.catch(undefined), info: info.catch(undefined) });

/**
 * Reads the result of a stored job.
 *
 * @throws {z.ZodError} if this version cannot read it
 */
export function readResult(stored: unknown): ImageJobResult {
  return storedResult.parse(stored);
}

/**
 * An error of the service is retried: three attempts, 0.5 to 1 s and then 1 to 2 s apart. The jitter keeps jobs that failed together
 * from being retried together. A failure of the image is final (`UnrecoverableError`).
 * With `ignoreDependencyOnFailure` a batch ends although some of its files have failed.
 */
export const imageJobOptions = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
  ignoreDependencyOnFailure: true,
} as const satisfies JobsOptions;
