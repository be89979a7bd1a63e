import type { Telemetry, Worker } from 'bullmq';
import type { BatchJobPayload } from '../queue/batch-job.ts';
import { RECONNECT_DELAY_MS, type RedisConnection } from '../queue/connection.ts';
import { BATCH_QUEUE } from '../queue/names.ts';
import type { Logger } from '../shared/logger.ts';
import { TolerantWorker } from './tolerant-worker.ts';

/** Creates the worker of the batch queue. BullMQ gives it a batch when the last file of the batch has ended. */
export function createBatchWorker({
  redis,
  prefix,
  telemetry,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  telemetry: Telemetry | undefined;
  logger: Logger;
}): Worker<BatchJobPayload> {
  const worker = new TolerantWorker<BatchJobPayload>(
    BATCH_QUEUE,
    async (job) => {
      const { processed, ignored } = await job.getDependenciesCount({ processed: true, ignored: true });
      logger.info({ batchId: job.id, completed: processed, failed: ignored }, 'batch ended');
    },
    {
      connection: redis,
      prefix,
      concurrency: 8,
      maxStalledCount: 20,
      runRetryDelay: RECONNECT_DELAY_MS,
      ...(telemetry && { telemetry }),
      autorun: false,
    },
  );
  worker.on('error', (err) => logger.debug({ err }, 'worker error'));
  worker.on('failed', (job, err) => logger.error({ batchId: job?.id, err }, 'job of an ended batch failed'));
  return worker;
}
