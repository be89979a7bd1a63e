import { setTimeout as delay } from 'node:timers/promises';
import { FlowProducer, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { ZodError } from 'zod';
import type { Output } from '../imaging/options.ts';
import { ServiceError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { type ImageJobPayload, imageJobOptions } from './image-job.ts';
import { BATCH_QUEUE, IMAGE_QUEUE, imageJobId } from './names.ts';
import { type FileStatus, readBatchStatus, readFile } from './read-status.ts';
import type { BatchStatus } from './status.ts';

/** Milliseconds that one operation may take: the promise is an answer within a second, also when Redis hangs. */
const OPERATION_LIMIT_MS = 750;
/** How often, a second apart, a batch is tried to be removed: longer than its jobs take to fail without their originals. */
const TAKE_BACK_ATTEMPTS = 30;
/** Seconds after which a client may try again when Redis is away. */
const RETRY_AFTER_SECONDS = 2;

/** A batch to enqueue. */
export interface NewBatch {
  batchId: string;
  /** In the order of the upload. */
  files: readonly Pick<ImageJobPayload, 'originalName' | 'format'>[];
  /** What to make of each file. */
  outputs: readonly Output[];
}

/** The API's side of the queue. Every operation rejects with `QUEUE_UNAVAILABLE` within a second when Redis does not answer. */
export interface QueueClient {
  /** Whether Redis answers. */
  ping(): Promise<void>;
  /** Enqueues the batch and all its files, or nothing. */
  addBatch(batch: NewBatch): Promise<void>;
  /** Status of a batch and its files; `undefined` when there is none. */
  readBatch(batchId: string): Promise<BatchStatus | undefined>;
  /** All that is known of one file; `undefined` when there is none. */
  readFile(jobId: string): Promise<FileStatus | undefined>;
  /** Closes the connection. */
  close(): Promise<void>;
}

/**
 * @param redis a connection that fails fast, owned by the client from here on
 * @param prefix first part of every key
 */
export function createQueueClient({
  redis,
  prefix,
  logger,
}: {
  redis: Redis;
  prefix: string;
  logger: Logger;
}): QueueClient {
  const options = { connection: redis, prefix };
  const flow = new FlowProducer(options);
  const images = new Queue(IMAGE_QUEUE, options);
  const batches = new Queue(BATCH_QUEUE, options);
  const source = { redis, images, batches };
  // The connection reports its own faults once per outage; without listeners BullMQ's copies would end the process.
  const ignore = (err: Error) => logger.debug({ err }, 'queue error');
  flow.on('error', ignore);
  images.on('error', ignore);
  batches.on('error', ignore);

  /** @param undo called when the operation succeeds after its caller was told that it had failed */
  async function guarded<T>(operation: () => Promise<T>, undo?: () => Promise<unknown>): Promise<T> {
    // Before the first connection BullMQ waits without end, so it is not even asked.
    if (redis.status !== 'ready') throw unavailable();
    let timer: NodeJS.Timeout | undefined;
    const running = operation();
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (undo) running.then(undo).catch((err) => logger.debug({ err }, 'late operation'));
        reject(new Error(`no answer from Redis within ${OPERATION_LIMIT_MS} ms`));
      }, OPERATION_LIMIT_MS);
    });
    try {
      return await Promise.race([running, limit]);
    } catch (cause) {
      // What Redis holds is not what this code expects: no waiting will mend that.
      if (cause instanceof ZodError || cause instanceof TypeError) throw cause;
      throw unavailable(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Removes a batch whose upload was refused. That takes patience: while a worker holds one of its jobs, it stays. */
  async function takeBack(batchId: string): Promise<void> {
    for (let attempt = 0; attempt < TAKE_BACK_ATTEMPTS; attempt += 1) {
      if ((await batches.remove(batchId)) > 0) return;
      await delay(1000, undefined, { ref: false });
    }
    logger.warn({ batchId }, 'a batch that was refused was enqueued late and could not be removed');
  }

  return {
    async ping() {
      await guarded(() => redis.ping());
    },

    async addBatch({ batchId, files, outputs }) {
      // A flow is written in one transaction; `addBulk` is a pipeline, which Redis at its memory limit takes in part.
      const add = () =>
        flow.add({
          name: 'batch',
          queueName: BATCH_QUEUE,
          data: { total: files.length },
          opts: { jobId: batchId },
          children: files.map(({ originalName, format }, index) => ({
            name: 'image',
            queueName: IMAGE_QUEUE,
            data: { batchId, index, originalName, format, outputs },
            opts: { ...imageJobOptions, jobId: imageJobId(batchId, index) },
          })),
        });
      await guarded(add, () => takeBack(batchId));
    },

    readBatch: (batchId) => guarded(() => readBatchStatus(source, batchId)),
    readFile: (jobId) => guarded(() => readFile(source, jobId)),

    async close() {
      await Promise.all([flow.close(), images.close(), batches.close()]);
      redis.disconnect();
    },
  };
}

function unavailable(cause?: unknown): ServiceError {
  return new ServiceError(
    'QUEUE_UNAVAILABLE',
    `The service cannot reach its job queue (Redis) at the moment. Try again in ${RETRY_AFTER_SECONDS} seconds.`,
    { cause, headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) } },
  );
}
