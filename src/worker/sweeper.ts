import { setTimeout as delay } from 'node:timers/promises';
import { createBatchRemover } from '../queue/batch-remover.ts';
import { bullmqKeys } from '../queue/bullmq-keys.ts';
import { RECONNECT_DELAY_MS, type RedisConnection } from '../queue/connection.ts';
import { createFileRemover } from '../queue/file-remover.ts';
import { KEY_LIFE_MS } from '../queue/idempotency.ts';
import { serviceKeys } from '../queue/keys.ts';
import { BATCH_QUEUE, IMAGE_QUEUE, isBatchId, SWEEP_QUEUE, WEBHOOK_QUEUE } from '../queue/names.ts';
import { Queue } from '../queue/redis-packages.ts';
import type { Logger } from '../shared/logger.ts';
import { createBatchFiles } from '../storage/batch-files.ts';
import type { Storage } from '../storage/storage.ts';
import type { WorkerMetrics } from './metrics.ts';
import { TolerantWorker } from './tolerant-worker.ts';

/** Maximum interval between two sweeps. */
const MAX_INTERVAL_MS = 10 * 60 * 1000;
/** Minimum interval between two sweeps. */
const MIN_INTERVAL_MS = 1000;
/** Number of sweeps within the retention time. */
const SWEEPS_PER_RETENTION = 10;
/**
 * Age at which an incoming batch that was not enqueued counts as lost. A client can repeat the upload under the same batch id as long as
 * its `Idempotency-Key` is valid. This is one hour longer.
 */
const LOST_AFTER_MS = KEY_LIFE_MS + 60 * 60 * 1000;

/**
 * Removes expired batches and leftover files at regular intervals. A BullMQ job scheduler ensures that only one of all workers runs each
 * sweep.
 */
export interface Sweeper {
  /** Starts taking sweep jobs. Resolves when the sweeper is closed. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Creates a {@link Sweeper}.
 *
 * @param redis a connection that waits for Redis
 * @param retentionMs time after its end at which a batch is removed; 0 for never
 */
export function createSweeper({
  redis,
  prefix,
  storage,
  retentionMs,
  metrics,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  storage: Storage;
  retentionMs: number;
  metrics: Pick<WorkerMetrics, 'sweepEnded'>;
  logger: Logger;
}): Sweeper {
  const options = { connection: redis, prefix };
  const images = new Queue(IMAGE_QUEUE, options);
  const batches = new Queue(BATCH_QUEUE, options);
  const webhooks = new Queue(WEBHOOK_QUEUE, options);
  const sweeps = new Queue(SWEEP_QUEUE, options);
  const keys = serviceKeys(prefix);
  const files = createBatchFiles(storage);
  const remover = createBatchRemover({ redis, images, batches, webhooks, keys, files, retentionMs, logger });
  const fileRemover = createFileRemover({ redis, images, keys, files, logger });

  /** Stops a running sweep, which may take long. The next sweep continues. */
  const closing = new AbortController();

  /** Removes the originals of batches that were never enqueued, for example because the API was killed during the upload. */
  async function removeLost(now: number): Promise<number> {
    let removed = 0;
    for (const batchId of await redis.zrangebyscore(keys.incoming, 0, now - LOST_AFTER_MS)) {
      if (closing.signal.aborted) break;
      if (!isBatchId(batchId)) logger.error({ batchId }, 'an incoming batch with an invalid id was ignored');
      else if (!(await redis.exists(bullmqKeys(batches).job(batchId)))) {
        await files.remove(batchId, []);
        removed += 1;
      }
      await redis.zrem(keys.incoming, batchId);
    }
    return removed;
  }

  async function sweep(): Promise<void> {
    const now = Date.now();
    const expired = retentionMs > 0 ? await remover.removeEndedBefore(now - retentionMs, closing.signal) : 0;
    await remover.resumeDue(now, closing.signal);
    await fileRemover.resumeDue(now, closing.signal);
    const lost = await removeLost(now);
    const unfinished = await storage.removeUnfinished(now);
    metrics.sweepEnded({ expired, lost, unfinished });
    if (expired + lost + unfinished > 0) logger.info({ expired, lost, unfinished }, 'sweep finished');
  }

  const worker = new TolerantWorker(SWEEP_QUEUE, sweep, {
    ...options,
    // The next sweep continues what a killed worker left, so this only clears its job away.
    stalledInterval: 60_000,
    runRetryDelay: RECONNECT_DELAY_MS,
    autorun: false,
  });
  worker.on('failed', (_job, err) => logger.error({ err }, 'sweep failed; the next one will continue'));
  const ignore = (err: Error) => logger.debug({ err }, 'sweeper error');
  for (const queue of [images, batches, webhooks, sweeps]) queue.on('error', ignore);
  worker.on('error', ignore);

  return {
    async start() {
      const wanted = retentionMs > 0 ? retentionMs / SWEEPS_PER_RETENTION : MAX_INTERVAL_MS;
      const every = Math.round(Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, wanted)));
      const template = { opts: { removeOnComplete: true, removeOnFail: 10 } };
      while (!closing.signal.aborted) {
        try {
          await sweeps.upsertJobScheduler('sweep', { every }, template);
          return await worker.run();
        } catch (err) {
          // Redis may reject the command, for example if its memory is full. The worker must still process images, so we retry.
          logger.debug({ err }, 'sweeper error');
          await delay(RECONNECT_DELAY_MS);
        }
      }
    },

    async close() {
      closing.abort();
      await worker.close();
      await Promise.all([images.close(), batches.close(), webhooks.close(), sweeps.close()]);
    },
  };
}
