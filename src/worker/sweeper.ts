import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { createBatchRemover } from '../queue/batch-remover.ts';
import { RECONNECT_DELAY_MS, type RedisConnection } from '../queue/connection.ts';
import { KEY_LIFE_MS } from '../queue/idempotency.ts';
import { serviceKeys } from '../queue/keys.ts';
import { BATCH_QUEUE, IMAGE_QUEUE, isBatchId, SWEEP_QUEUE } from '../queue/names.ts';
import type { Logger } from '../shared/logger.ts';
import { createBatchFiles } from '../storage/batch-files.ts';
import type { Storage } from '../storage/storage.ts';
import type { WorkerMetrics } from './metrics.ts';
import { TolerantWorker } from './tolerant-worker.ts';

/** Milliseconds between two sweeps: at most, at least, and as a part of the retention. */
const LONGEST_PAUSE_MS = 10 * 60 * 1000;
const SHORTEST_PAUSE_MS = 1000;
const PAUSES_IN_RETENTION = 10;
/**
 * Milliseconds after which a batch that was announced and is not there will never be: an hour after the last moment at which
 * an `Idempotency-Key` could still bring it back.
 */
const LOST_AFTER_MS = KEY_LIFE_MS + 60 * 60 * 1000;

/** Removes what nobody needs any more, now and then: one of all workers does, by a BullMQ job scheduler. */
export interface Sweeper {
  /** Begins to take turns at sweeping. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param redis a connection that waits for Redis
 * @param storage of the files
 * @param retentionMs milliseconds after its end in which a batch is removed; 0 for never
 * @param metrics that tell what was removed
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
  metrics: Pick<WorkerMetrics, 'swept'>;
  logger: Logger;
}): Sweeper {
  const options = { connection: redis, prefix };
  const images = new Queue(IMAGE_QUEUE, options);
  const batches = new Queue(BATCH_QUEUE, options);
  const sweeps = new Queue(SWEEP_QUEUE, options);
  const keys = serviceKeys(prefix);
  const files = createBatchFiles(storage);
  const remover = createBatchRemover({ redis, images, batches, keys, files, retentionMs, logger });

  /** A sweep can take long, and goes on another time. */
  const closing = new AbortController();

  /** Originals whose batch was announced and never enqueued: the API died in between, or nobody knows. */
  async function removeLost(now: number): Promise<number> {
    let removed = 0;
    for (const batchId of await redis.zrangebyscore(keys.incoming, 0, now - LOST_AFTER_MS)) {
      if (closing.signal.aborted) break;
      if (!isBatchId(batchId)) logger.error({ batchId }, 'an announced batch has an impossible id; it is dropped');
      else if (!(await redis.exists(batches.toKey(batchId)))) {
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
    const lost = await removeLost(now);
    const unfinished = await storage.removeUnfinished(now);
    metrics.swept({ expired, lost, unfinished });
    if (expired + lost + unfinished > 0) logger.info({ expired, lost, unfinished }, 'swept');
  }

  const worker = new TolerantWorker(SWEEP_QUEUE, sweep, {
    ...options,
    runRetryDelay: RECONNECT_DELAY_MS,
    autorun: false,
  });
  worker.on('failed', (_job, err) => logger.error({ err }, 'sweep failed; the next one goes on'));
  const ignore = (err: Error) => logger.debug({ err }, 'sweeper error');
  for (const queue of [images, batches, sweeps]) queue.on('error', ignore);
  worker.on('error', ignore);

  return {
    async start() {
      const part = retentionMs > 0 ? retentionMs / PAUSES_IN_RETENTION : LONGEST_PAUSE_MS;
      const every = Math.round(Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, part)));
      const template = { opts: { removeOnComplete: true, removeOnFail: 10 } };
      while (!closing.signal.aborted) {
        try {
          await sweeps.upsertJobScheduler('sweep', { every }, template);
          return await worker.run();
        } catch (err) {
          // Redis may refuse it, as for want of memory; that must not keep the images from being processed.
          logger.debug({ err }, 'sweeper error');
          await delay(RECONNECT_DELAY_MS);
        }
      }
    },

    async close() {
      closing.abort();
      await worker.close();
      await Promise.all([images.close(), batches.close(), sweeps.close()]);
    },
  };
}
