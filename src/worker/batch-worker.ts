import type { Telemetry } from 'bullmq';
import { createBatchIndex } from '../queue/batch-index.ts';
import { type BatchJobPayload, type BatchJobResult, batchJobPayload } from '../queue/batch-job.ts';
import { bullmqKeys, CANCELLED_AT } from '../queue/bullmq-keys.ts';
import { RECONNECT_DELAY_MS, type RedisConnection } from '../queue/connection.ts';
import { serviceKeys } from '../queue/keys.ts';
import { BATCH_QUEUE, IMAGE_QUEUE, imageJobId, WEBHOOK_QUEUE } from '../queue/names.ts';
import { readBatchStatus } from '../queue/read-status.ts';
import { Queue } from '../queue/redis-packages.ts';
import { toWebhookEvent, toWebhookFiles, type WebhookEvent } from '../queue/webhook-event.ts';
import type { WebhookJobPayload } from '../queue/webhook-job.ts';
import type { LinkConfig } from '../shared/config.ts';
import type { Logger } from '../shared/logger.ts';
import { expiryOf, signLink } from '../shared/signed-link.ts';
import { TolerantWorker } from './tolerant-worker.ts';

/** How long the links of a webhook are valid. The last of its attempts is about three days after the end of the batch. */
const WEBHOOK_LINK_MS = 7 * 24 * 60 * 60 * 1000;

/** The worker of the batches' jobs. */
export interface BatchWorker {
  /** Takes jobs. Resolves when the worker is closed. */
  run(): Promise<void>;
  /** Records that the first file of a batch has started. */
  batchBegun(batchId: string): Promise<void>;
  /** Returns whether a batch was cancelled. */
  isCancelled(batchId: string): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Creates the worker of the batch queue. BullMQ gives it a batch when the last file of the batch has ended.
 *
 * @param redis a connection that waits for Redis
 * @param webhookAttempts maximum number of attempts to deliver a webhook
 */
export function createBatchWorker({
  redis,
  prefix,
  webhookAttempts,
  links,
  telemetry,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  webhookAttempts: number;
  links: LinkConfig;
  telemetry: Telemetry | undefined;
  logger: Logger;
}): BatchWorker {
  const options = { connection: redis, prefix };
  const images = new Queue(IMAGE_QUEUE, options);
  const batches = new Queue(BATCH_QUEUE, options);
  const webhooks = new Queue(WEBHOOK_QUEUE, options);
  const ignore = (err: Error) => logger.debug({ err }, 'worker error');
  for (const queue of [images, batches, webhooks]) queue.on('error', ignore);
  const source = { redis, images, batches, keys: serviceKeys(prefix) };
  const index = createBatchIndex(source);

  /** Returns when the last file of a batch ended, in milliseconds since 1970. */
  async function readEnd(batchId: string, total: number): Promise<number> {
    const { completed, failed } = bullmqKeys(images);
    const jobIds = Array.from({ length: total }, (_, file) => imageJobId(batchId, file));
    const ends = await Promise.all([redis.zmscore(completed, jobIds), redis.zmscore(failed, jobIds)]);
    return Math.max(...ends.flat().map(Number));
  }

  /** Lists the files of an ended batch with signed URLs. Without the settings for that, the webhook is sent without them. */
  async function signedFiles(batchId: string, finishedAt: number): Promise<WebhookEvent['data']['files']> {
    const { secrets, publicUrl } = links;
    const [secret] = secrets;
    if (secret === undefined || publicUrl === undefined) {
      logger.error({ batchId }, 'set LINK_SECRET and PUBLIC_URL for this worker too: a webhook is sent without links');
      return undefined;
    }
    const found = await readBatchStatus(source, batchId);
    const expires = expiryOf(finishedAt + WEBHOOK_LINK_MS, finishedAt, links);
    return found?.value && toWebhookFiles(found.value.files, (path) => publicUrl + signLink(path, expires, secret));
  }

  /** Enqueues the webhook of a batch. If it was enqueued before, nothing changes: its id is that of the batch. */
  async function enqueueWebhook(batchId: string, url: string, event: WebhookEvent): Promise<void> {
    const payload = { url, body: JSON.stringify(event), requested: 1, attempts: [], nextAttemptAt: Date.now() };
    const attempts = { attempts: webhookAttempts, backoff: { type: 'custom' } };
    await webhooks.add('webhook', payload satisfies WebhookJobPayload, { jobId: batchId, ...attempts });
  }

  const worker = new TolerantWorker<BatchJobPayload, BatchJobResult>(
    BATCH_QUEUE,
    async (job) => {
      const batchId = String(job.id);
      const { processed = 0, ignored = 0 } = await job.getDependenciesCount({ processed: true, ignored: true });
      const { data } = batchJobPayload.safeParse(job.data);
      const finishedAt = data ? await readEnd(batchId, data.total) : Date.now();
      if (data?.webhook !== undefined) {
        const outcome = { completed: processed, createdAt: job.timestamp, finishedAt };
        const files = data.signsLinks ? await signedFiles(batchId, finishedAt) : undefined;
        const event = toWebhookEvent(batchId, data, outcome, files);
        await enqueueWebhook(batchId, data.webhook, event);
      }
      await index.setStatus(batchId, ignored > 0 ? 'completed-with-errors' : 'completed');
      logger.info({ batchId, completed: processed, failed: ignored }, 'batch ended');
      return { finishedAt };
    },
    {
      ...options,
      concurrency: 8,
      maxStalledCount: 20,
      runRetryDelay: RECONNECT_DELAY_MS,
      ...(telemetry && { telemetry }),
      autorun: false,
    },
  );
  worker.on('error', ignore);
  worker.on('failed', (job, err) => logger.error({ batchId: job?.id, err }, 'job of an ended batch failed'));
  return {
    run: () => worker.run(),
    batchBegun: (batchId) => index.setStatus(batchId, 'processing'),
    isCancelled: async (batchId) => (await redis.hexists(bullmqKeys(batches).job(batchId), CANCELLED_AT)) === 1,
    async close() {
      await worker.close();
      await Promise.all([images.close(), batches.close(), webhooks.close()]);
    },
  };
}
