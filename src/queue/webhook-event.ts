import { z } from 'zod';
import { batchLinks, batchLinksSchema, resultUrl } from '../shared/batch-links.ts';
import { type BatchJobPayload, batchProgress, batchState } from './batch-job.ts';
import { type FileStatus, jobState } from './read-status.ts';
import { parseStored } from './stored-data.ts';

const signedUrl = z.string().meta({ description: 'Absolute and signed: it needs no key' });

const webhookFile = z
  .object({
    jobId: z.string().meta({ description: 'Opaque id of the file’s job' }),
    originalName: z.string().meta({ description: 'File name as the client sent it' }),
    state: jobState,
    resultUrl: signedUrl
      .nullable()
      .meta({ description: 'Absolute and signed: it needs no key; `null` if the file failed or was deleted' }),
    outputs: z
      .array(
        z
          .object({ name: z.string().meta({ description: 'Name of the variant' }), resultUrl: signedUrl })
          .meta({ id: 'WebhookOutput' }),
      )
      .optional()
      .meta({ description: 'With `variants`' }),
  })
  .meta({ id: 'WebhookFile' });

const endedBatch = z
  .object({
    batchId: z.uuidv4().meta({ description: 'Id of the batch' }),
    status: batchState,
    progress: batchProgress,
    createdAt: z.iso.datetime().meta({ description: 'When the batch was accepted' }),
    finishedAt: z.iso.datetime().meta({ description: 'When the last file ended' }),
    tags: z.array(z.string()).meta({ description: 'As the client sent them' }),
    metadata: z.record(z.string(), z.unknown()).meta({ description: 'As the client sent it' }),
    links: batchLinksSchema,
    files: z.array(webhookFile).optional().meta({ description: 'With `links=signed`: in the order of the upload' }),
  })
  .meta({ id: 'EndedBatch' });

/** Payload of a webhook (Standard Webhooks 1.0.0): a batch that has ended. */
export const webhookEvent = z
  .object({
    type: z.enum(['batch.completed', 'batch.completed-with-errors']).meta({ description: 'How the batch ended' }),
    timestamp: z.iso.datetime().meta({ description: 'When the last file ended' }),
    data: endedBatch,
  })
  .meta({ id: 'WebhookEvent' });
/** See {@link webhookEvent}. */
export type WebhookEvent = z.infer<typeof webhookEvent>;

/**
 * Makes the payload of a webhook. It is the same for the same batch.
 *
 * @param files to list with signed URLs, if the client asked for them
 */
export function toWebhookEvent(
  batchId: string,
  { total, tags = [], metadata }: BatchJobPayload,
  { completed, createdAt, finishedAt }: { completed: number; createdAt: number; finishedAt: number },
  files?: WebhookEvent['data']['files'],
): WebhookEvent {
  const status = completed === total ? 'completed' : 'completed-with-errors';
  const finished = new Date(finishedAt).toISOString();
  return {
    type: `batch.${status}`,
    timestamp: finished,
    data: {
      batchId,
      status,
      progress: { total, completed, failed: total - completed, active: 0, waiting: 0 },
      createdAt: new Date(createdAt).toISOString(),
      finishedAt: finished,
      tags: [...tags],
      metadata: z
        .record(z.string(), z.unknown())
        .catch({})
        .parse(parseStored(metadata ?? '')),
      links: batchLinks(batchId),
      ...(files && { files }),
    },
  };
}

/**
 * Lists the files of a batch for its webhook.
 *
 * @param sign returns the signed URL of a path
 */
export function toWebhookFiles(
  files: readonly FileStatus[],
  sign: (path: string) => string,
): NonNullable<WebhookEvent['data']['files']> {
  return files.map(({ jobId, payload: { originalName }, state, result: made, deletedAt }) => {
    const result = deletedAt ? null : made;
    const job = `/jobs/${jobId}`;
    const outputs = result?.outputs?.map(({ name }) => ({ name, resultUrl: sign(resultUrl(job, name)) }));
    return { jobId, originalName, state, resultUrl: result && sign(resultUrl(job)), ...(outputs && { outputs }) };
  });
}
