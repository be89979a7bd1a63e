import { z } from 'zod';
import { batchStates } from '../../queue/batch-job.ts';
import { imageJobResult, variantResult } from '../../queue/image-job.ts';
import type { BatchSummary } from '../../queue/list-batches.ts';
import { type BatchStatus, type FileStatus, jobStates } from '../../queue/read-status.ts';
import { parseStored } from '../../queue/stored-data.ts';
import { failure } from '../../shared/failures.ts';
import { batchLinks, jobLinks, resultUrl } from './links.ts';

const url = z.string().meta({ description: 'Address below this service' });
const resultUrlText = z
  .string()
  .meta({ description: 'Address below this service, or a signed one with `links=signed`' });
const jobId = z.string().meta({ description: 'Opaque id of the file’s job' });
const state = z.enum(jobStates).meta({ id: 'JobState' });

/** The result of a file, with its URLs. */
const result = imageJobResult
  .extend({
    resultUrl: resultUrlText,
    outputs: z
      .array(variantResult.extend({ resultUrl: resultUrlText }).meta({ id: 'Output' }))
      .optional()
      .meta({ description: 'With `variants`: each by its name; the fields above are those of the first' }),
  })
  .meta({ id: 'Result' });
const resultOrNull = z.union([result, z.null()]).meta({ description: 'Set once the state is `completed`' });
const failedReason = z
  .string()
  .nullable()
  .meta({ description: 'Why the file could not be processed; set once the state is `failed`' });
const failureOrNull = z
  .union([failure, z.null()])
  .meta({ description: 'The same with a stable code for programs; set once the state is `failed`' });

/** Response of `GET /jobs/:jobId`. */
export const jobResponse = z
  .object({
    jobId,
    state,
    progress: z
      .number()
      .min(0)
      .max(100)
      .meta({ description: '0 at first, 10 if processing takes longer than a moment, 100 at the end' }),
    result: resultOrNull,
    failedReason,
    failure: failureOrNull,
    links: z.object({ self: url, batch: url, result: resultUrlText, original: url }).meta({ id: 'JobLinks' }),
  })
  .meta({ id: 'JobStatus' });
/** See {@link jobResponse}. */
export type JobResponse = z.infer<typeof jobResponse>;

/** Writes the URL of a result. The batch of the result has ended at `finishedAt`, if that is known. */
export type WriteUrl = (path: string, finishedAt?: Date | null) => string;

/** Makes the response about one file. */
export function toJobResponse(
  { jobId, payload, state, progress, result, failure }: FileStatus,
  writeUrl: WriteUrl = (path) => path,
): JobResponse {
  const paths = jobLinks(payload.batchId, payload.index);
  const links = { ...paths, result: writeUrl(paths.result) };
  return { jobId, state, progress, result: withUrls(result, paths.self, writeUrl), ...failureFields(failure), links };
}

/** The failure of a file, also as the text that the spec has. */
function failureFields(failure: FileStatus['failure']) {
  return { failedReason: failure?.message ?? null, failure };
}

function withUrls(result: FileStatus['result'], jobUrl: string, writeUrl: WriteUrl): JobResponse['result'] {
  if (!result) return null;
  const { outputs, ...rest } = result;
  const named = outputs?.map((output) => ({ ...output, resultUrl: writeUrl(resultUrl(jobUrl, output.name)) }));
  return { ...rest, resultUrl: writeUrl(resultUrl(jobUrl)), ...(named && { outputs: named }) };
}

const count = z.int().min(0);
const status = z.enum(batchStates).meta({
  id: 'BatchState',
  description:
    '`waiting`: nothing has started; `processing`: something has started and not everything has ended; ' +
    '`completed`: every file was processed; `completed-with-errors`: everything has ended, at least one file failed',
});
const progress = z
  .object({ total: count, completed: count, failed: count, active: count, waiting: count })
  .meta({ id: 'BatchProgress' });
const finishedAt = z.iso.datetime().nullable().meta({ description: 'When the last file ended; `null` until then' });
const tags = z.array(z.string()).meta({ description: 'As the client sent them' });
const links = z.object({ self: url, events: url, archive: url }).meta({ id: 'BatchLinks' });

/** Response of `GET /batches/:batchId`. The four counts of `progress` add up to its `total`. */
export const batchResponse = z
  .object({
    batchId: z.uuidv4(),
    status,
    progress,
    createdAt: z.iso.datetime(),
    finishedAt,
    cancelledAt: z.iso.datetime().nullable().meta({ description: 'When the batch was cancelled' }),
    tags,
    metadata: z.record(z.string(), z.unknown()).meta({ description: 'As the client sent it' }),
    sourceBatchId: z
      .uuidv4()
      .nullable()
      .meta({ description: 'Batch from which this one was made, by a retry or by other options' }),
    files: z
      .array(
        z
          .object({
            jobId,
            originalName: z.string(),
            state,
            result: resultOrNull,
            failedReason,
            failure: failureOrNull,
            resultUrl: resultUrlText,
          })
          .meta({ id: 'FileStatus' }),
      )
      .meta({ description: 'In the order of the upload' }),
    links,
  })
  .meta({ id: 'BatchStatus' });
/** See {@link batchResponse}. */
export type BatchResponse = z.infer<typeof batchResponse>;

/** Makes the response about a batch. */
export function toBatchResponse(batch: BatchStatus, writeUrl: WriteUrl = (path) => path): BatchResponse {
  const { cancelledAt, metadata, sourceBatchId, files } = batch;
  const { links, ...summary } = toBatchListEntry(batch);
  return {
    ...summary,
    cancelledAt: cancelledAt?.toISOString() ?? null,
    metadata: parseMetadata(metadata),
    sourceBatchId: sourceBatchId ?? null,
    files: files.map((file) => {
      const { jobId, state, result, failedReason, failure, links } = toJobResponse(file, (path) =>
        writeUrl(path, batch.finishedAt),
      );
      return {
        jobId,
        originalName: file.payload.originalName,
        state,
        result,
        failedReason,
        failure,
        resultUrl: links.result,
      };
    }),
    links,
  };
}

/** An entry of `GET /batches`. */
const batchListEntry = z
  .object({ batchId: z.uuidv4(), status, progress, createdAt: z.iso.datetime(), finishedAt, tags, links })
  .meta({ id: 'BatchSummary' });

/** Response of `GET /batches`. */
export const batchListResponse = z
  .object({
    batches: z.array(batchListEntry),
    cursor: z.string().nullable().meta({ description: 'Value of `cursor` for the next page; `null` on the last page' }),
  })
  .meta({ id: 'BatchList' });
/** See {@link batchListResponse}. */
export type BatchListResponse = z.infer<typeof batchListResponse>;

/** Makes an entry of the list of batches. */
export function toBatchListEntry(batch: BatchSummary): BatchListResponse['batches'][number] {
  const { batchId, status, progress, createdAt, finishedAt, tags } = batch;
  return {
    batchId,
    status,
    progress,
    createdAt: createdAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
    tags: [...tags],
    links: batchLinks(batchId),
  };
}

/** Metadata that a newer version has stored in another way counts as absent. */
export function parseMetadata(text: string | undefined): Record<string, unknown> {
  return z
    .record(z.string(), z.unknown())
    .catch({})
    .parse(parseStored(text ?? ''));
}
