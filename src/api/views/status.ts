import { z } from 'zod';
import { batchProgress, batchState } from '../../queue/batch-job.ts';
import { imageJobResult, variantResult } from '../../queue/image-job.ts';
import type { BatchSummary } from '../../queue/list-batches.ts';
import { type BatchStatus, type FileStatus, jobState } from '../../queue/read-status.ts';
import { parseStored } from '../../queue/stored-data.ts';
import { batchLinksSchema, localUrl } from '../../shared/batch-links.ts';
import { failure } from '../../shared/failures.ts';
import { batchLinks, jobLinks, resultUrl } from './links.ts';

const resultUrlText = z
  .string()
  .meta({ description: 'Address below this service, or a signed one with `links=signed`' });
const jobId = z.string().meta({ description: 'Opaque id of the file’s job' });

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
const deletedAt = z.iso
  .datetime()
  .nullable()
  .meta({ description: 'When the original and the results of this file were deleted. Its state and its result stay' });

/** Response of `GET /jobs/:jobId`. */
export const jobResponse = z
  .object({
    jobId,
    state: jobState,
    progress: z
      .number()
      .min(0)
      .max(100)
      .meta({ description: '0 at first, 10 if processing takes longer than a moment, 100 at the end' }),
    result: resultOrNull,
    failedReason,
    failure: failureOrNull,
    deletedAt,
    links: z
      .object({ self: localUrl, batch: localUrl, result: resultUrlText, original: localUrl })
      .meta({ id: 'JobLinks' }),
  })
  .meta({ id: 'JobStatus' });
/** See {@link jobResponse}. */
export type JobResponse = z.infer<typeof jobResponse>;

/** Writes the URL of a result. The batch of the result has ended at `finishedAt`, if that is known. */
export type WriteUrl = (path: string, finishedAt?: Date | null) => string;

/** Makes the response about one file. */
export function toJobResponse(
  { jobId, payload, state, progress, result, failure, deletedAt }: FileStatus,
  writeUrl: WriteUrl = (path) => path,
): JobResponse {
  const paths = jobLinks(payload.batchId, payload.index);
  const links = { ...paths, result: writeUrl(paths.result) };
  return {
    jobId,
    state,
    progress,
    result: withUrls(result, paths.self, writeUrl),
    ...failureFields(failure),
    deletedAt: deletedAt?.toISOString() ?? null,
    links,
  };
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

const batchId = z.uuidv4().meta({ description: 'Id of the batch' });
const createdAt = z.iso.datetime().meta({ description: 'When the batch was accepted' });
const finishedAt = z.iso.datetime().nullable().meta({ description: 'When the last file ended; `null` until then' });
const tags = z.array(z.string()).meta({ description: 'As the client sent them' });

/** Response of `GET /batches/:batchId`. The four counts of `progress` add up to its `total`. */
export const batchResponse = z
  .object({
    batchId,
    status: batchState,
    progress: batchProgress,
    createdAt,
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
            originalName: z.string().meta({ description: 'File name as the client sent it' }),
            state: jobState,
            result: resultOrNull,
            failedReason,
            failure: failureOrNull,
            deletedAt,
            resultUrl: resultUrlText,
          })
          .meta({ id: 'FileStatus' }),
      )
      .meta({ description: 'In the order of the upload' }),
    links: batchLinksSchema,
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
      const { jobId, state, result, failedReason, failure, deletedAt, links } = toJobResponse(file, (path) =>
        writeUrl(path, batch.finishedAt),
      );
      return {
        jobId,
        originalName: file.payload.originalName,
        state,
        result,
        failedReason,
        failure,
        deletedAt,
        resultUrl: links.result,
      };
    }),
    links,
  };
}

/** An entry of `GET /batches`. */
const batchListEntry = batchResponse
  .pick({ batchId: true, status: true, progress: true, createdAt: true, finishedAt: true, tags: true, links: true })
  .meta({ id: 'BatchSummary' });

/** Response of `GET /batches`. */
export const batchListResponse = z
  .object({
    batches: z.array(batchListEntry).meta({ description: 'The newest first' }),
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
