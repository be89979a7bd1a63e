import { z } from 'zod';
import { batchLinks } from '../shared/batch-links.ts';
import { type BatchJobPayload, batchStates } from './batch-job.ts';
import { parseStored } from './stored-data.ts';

const count = z.int().min(0);
const url = z.string();

/** Payload of a webhook (Standard Webhooks 1.0.0): a batch that has ended, without its files. */
export const webhookEvent = z
  .object({
    type: z.enum(['batch.completed', 'batch.completed-with-errors']),
    timestamp: z.iso.datetime().meta({ description: 'When the last file ended' }),
    data: z.object({
      batchId: z.uuidv4(),
      status: z.enum(batchStates),
      progress: z.object({ total: count, completed: count, failed: count, active: count, waiting: count }),
      createdAt: z.iso.datetime(),
      finishedAt: z.iso.datetime(),
      tags: z.array(z.string()),
      metadata: z.record(z.string(), z.unknown()),
      links: z.object({ self: url, events: url, archive: url }),
    }),
  })
  .meta({ id: 'WebhookEvent' });
/** See {@link webhookEvent}. */
export type WebhookEvent = z.infer<typeof webhookEvent>;

/** Makes the payload of a webhook. It is the same for the same batch. */
export function toWebhookEvent(
  batchId: string,
  { total, tags = [], metadata }: BatchJobPayload,
  { completed, createdAt, finishedAt }: { completed: number; createdAt: number; finishedAt: number },
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
    },
  };
}
