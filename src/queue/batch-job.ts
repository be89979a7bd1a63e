import type { JobsOptions } from 'bullmq';
import { z } from 'zod';

/**
 * Maximum number of files in a stored batch. It is above the limit for uploads, since a later version may allow more. It keeps a
 * reader of corrupt data from requesting a million jobs from Redis.
 */
const MAX_STORED_FILES = 10_000;

/** Statuses of a batch. They are part of the contract. */
export const batchStates = ['waiting', 'processing', 'completed', 'completed-with-errors'] as const;
/** One of {@link batchStates}. */
export type BatchState = (typeof batchStates)[number];

/** Schema of a {@link BatchState}. */
export const batchState = z.enum(batchStates).meta({
  id: 'BatchState',
  description:
    '`waiting`: nothing has started; `processing`: something has started and not everything has ended; ' +
    '`completed`: every file was processed; `completed-with-errors`: everything has ended, at least one file failed',
});

const count = z.int().min(0);
/** Number of files of a batch, and of those in each state. */
export const batchProgress = z
  .object({
    total: count.meta({ description: 'Files of the batch' }),
    completed: count.meta({ description: 'Files with results' }),
    failed: count.meta({ description: 'Files that could not be processed' }),
    active: count.meta({ description: 'Files that workers hold' }),
    waiting: count.meta({ description: 'Files that have not started' }),
  })
  .meta({ id: 'BatchProgress' });

/** Data of a batch's job. The job ids of its files are derived from its id. */
export const batchJobPayload = z.object({
  /** Number of files. */
  total: z.int().positive().max(MAX_STORED_FILES),
  /** Name of the API key that owns the batch; `undefined` if the service requires no keys. */
  owner: z.string().optional(),
  /** Id of the client that sent it, under which it is listed. Versions before the list stored none. */
  client: z.string().optional(),
  tags: z.array(z.string()).optional().catch(undefined),
  /** JSON text. As an object it could be nested more deeply than Redis's own JSON parser accepts. */
  metadata: z.string().optional().catch(undefined),
  /** Address that is called when the batch ends. */
  webhook: z.string().optional().catch(undefined),
  /** Whether the webhook has signed URLs of the results. */
  signsLinks: z.boolean().optional().catch(undefined),
  /** Batch from which this one was made. */
  sourceBatchId: z.uuidv4().optional().catch(undefined),
});
/** See {@link batchJobPayload}. */
export type BatchJobPayload = z.infer<typeof batchJobPayload>;

/** Result of a batch's job, which runs when all files have ended. */
export const batchJobResult = z.object({
  /** When the last file ended, in milliseconds since 1970. */
  finishedAt: z.number(),
});
/** See {@link batchJobResult}. */
export type BatchJobResult = z.infer<typeof batchJobResult>;

/** The job of an ended batch is cheap and must run, however long Redis rejects it. */
export const batchJobOptions = {
  attempts: 1000,
  backoff: { type: 'fixed', delay: 1000, jitter: 0.5 },
} as const satisfies JobsOptions;
