import { setTimeout as delay } from 'node:timers/promises';
import { type FlowJob, FlowProducer, Queue, type Telemetry } from 'bullmq';
import type { Output } from '../imaging/options.ts';
import { ServiceError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { createBacklogCheck, type Load, readLoad } from './backlog.ts';
import type { BatchJobPayload } from './batch-job.ts';
import { type BatchFiles, createBatchRemover } from './batch-remover.ts';
import { bullmqKeys } from './bullmq-keys.ts';
import { mastersOf, type RedisConnection } from './connection.ts';
import { announceBatch, priorityOf } from './fair-scheduling.ts';
import { type Claim, claimKey, KEY_LIFE_MS } from './idempotency.ts';
import { type ImageJobPayload, imageJobOptions } from './image-job.ts';
import { serviceKeys } from './keys.ts';
import { BATCH_QUEUE, IMAGE_QUEUE, imageJobId } from './names.ts';
import { payloadVersionOf } from './payload-version.ts';
import { type BatchStatus, type FileStatus, type Found, readBatchStatus, readFoundFile } from './read-status.ts';
import { createRedisTimeout, UncertainError } from './redis-timeout.ts';

/** Milliseconds that a rate limit may keep a request waiting. */
const LIMITER_MS = 100;
/** Milliseconds for which rate limits are not applied after Redis has not answered one in time. */
const LIMITER_REST_MS = 1000;
/** Milliseconds that a removal may keep its client waiting: about as long as it takes to stop what runs. */
const REMOVAL_LIMIT_MS = 5000;

/** A batch to enqueue. */
export interface NewBatch {
  batchId: string;
  /** In the order of the upload. */
  files: readonly Pick<ImageJobPayload, 'originalName' | 'format'>[];
  /** What to make of each file. */
  outputs: readonly Output[];
  sender: Sender;
  /** Id of the request that brings it. */
  requestId?: string;
}

/** A batch whose files have their places in the queue. */
export interface AnnouncedBatch extends NewBatch {
  /** Virtual time of its first file; see `announceBatch`. Each further file has the next. */
  virtualTime: number;
}

/** Who sends a batch. */
export interface Sender {
  /** What turns are given out by. */
  id: string;
  /** To whom the batch belongs; `undefined` where the service is open to all. */
  owner: string | undefined;
}

/** The API's side of the queue. Every operation rejects with `QUEUE_UNAVAILABLE` within a second when Redis does not answer. */
export interface QueueClient {
  /** Whether Redis answers. */
  ping(): Promise<void>;
  /**
   * Whether there is room for more files.
   *
   * @throws {ServiceError} `BACKLOG_FULL`, with the seconds after which there should be
   */
  checkBacklog(): Promise<void>;
  /** What there is to do. */
  readLoad(): Promise<Load>;
  /** Claims an `Idempotency-Key`; see {@link claimKey}. */
  claimKey(owner: string | undefined, key: string): Promise<Claim>;
  /** Announces a batch before its originals are stored. If the batch is never added, the sweeper deletes them. */
  announceBatch(batch: NewBatch): Promise<AnnouncedBatch>;
  /**
   * Enqueues a batch with all its files, or nothing. Its originals must be stored already: a worker may take a job before this
   * returns.
   *
   * @throws {UncertainError} when it is unknown whether the batch is enqueued. Its originals must stay then; the sweeper deletes
   *   them if it is not.
   */
  addBatch(batch: AnnouncedBatch): Promise<void>;
  /** Whether a batch is or was there. */
  isKnown(batchId: string): Promise<boolean>;
  /**
   * A batch and its files; `undefined` when there is none.
   *
   * @param reader for whom: what belongs to another is not there. Without one it is read for the service itself.
   */
  readBatch(batchId: string, reader?: Pick<Sender, 'owner'>): Promise<Found<BatchStatus> | undefined>;
  /** All that is known of one file; `undefined` when there is none. */
  readFile(jobId: string): Promise<Found<FileStatus> | undefined>;
  /** Removes a batch whole, and stops what runs of it; see `BatchRemover`. */
  removeBatch(batchId: string): Promise<void>;
  /** Sends a command of a rate limit; rejects soon, since requests wait for it. */
  sendCommand(...command: string[]): Promise<unknown>;
  /** Closes the connection. */
  close(): Promise<void>;
}

/**
 * @param redis a connection that fails fast, owned by the client from here on
 * @param prefix first part of every key
 * @param files what to remove with a batch
 * @param maxBacklog files that may wait; 0 for no limit
 * @param retentionMs milliseconds for which a removed batch is remembered; 0 for ever
 * @param waitReplicas replicas that must have a batch before it counts as enqueued
 * @param limiterMs milliseconds that a rate limit may keep a request waiting for Redis before it lets it pass
 * @param telemetry carries the trace of an upload to its jobs, if it is traced
 */
export function createQueueClient({
  redis,
  prefix,
  files: batchFiles,
  maxBacklog,
  retentionMs,
  waitReplicas,
  limiterMs = LIMITER_MS,
  telemetry,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  files: BatchFiles;
  maxBacklog: number;
  retentionMs: number;
  waitReplicas: number;
  limiterMs?: number;
  telemetry?: Telemetry | undefined;
  logger: Logger;
}): QueueClient {
  const options = { connection: redis, prefix };
  const flow = new FlowProducer({ ...options, ...(telemetry && { telemetry }) });
  const images = new Queue(IMAGE_QUEUE, options);
  const batches = new Queue(BATCH_QUEUE, options);
  const keys = serviceKeys(prefix);
  const source = { redis, images, batches, keys };
  // The connection reports its own faults once per outage; without listeners BullMQ's copies would end the process.
  const ignore = (err: Error) => logger.debug({ err }, 'queue error');
  flow.on('error', ignore);
  images.on('error', ignore);
  batches.on('error', ignore);

  // A key must be forgotten before it is that its batch was removed: the id would be used again, and the removal's second look
  // would remove what is there by then.
  const lifeMs = retentionMs > 0 ? Math.min(KEY_LIFE_MS, retentionMs) : KEY_LIFE_MS;
  const withTimeout = createRedisTimeout(redis);
  const withLimiterTimeout = createRedisTimeout(redis, limiterMs);
  let limiterRestsUntil = 0;
  const remover = createBatchRemover({ ...source, files: batchFiles, retentionMs, logger });

  return {
    async ping() {
      await withTimeout(() => redis.ping());
    },

    checkBacklog: createBacklogCheck({ redis, images, withTimeout, max: maxBacklog }),
    readLoad: () => withTimeout(() => readLoad(redis, images, batches)),
    claimKey: (owner, key) => claimKey({ redis, withTimeout, keys, lifeMs }, owner, key),

    async announceBatch(batch) {
      const announcement = { batchId: batch.batchId, client: batch.sender.id, files: batch.files.length };
      const virtualTime = await withTimeout(() =>
        announceBatch(redis, bullmqKeys(images).prioritized, keys, announcement),
      );
      return { ...batch, virtualTime };
    },

    async addBatch({ batchId, files, outputs, sender, requestId, virtualTime }) {
      const ownership = sender.owner === undefined ? {} : { owner: sender.owner };
      const batch: FlowJob = {
        name: 'batch',
        queueName: BATCH_QUEUE,
        data: { total: files.length, ...ownership } satisfies BatchJobPayload,
        opts: { jobId: batchId },
        children: files.map(({ originalName, format }, index) => ({
          name: 'image',
          queueName: IMAGE_QUEUE,
          data: {
            version: payloadVersionOf(format, outputs),
            batchId,
            index,
            originalName,
            format,
            outputs: [...outputs],
            ...ownership,
            ...(requestId !== undefined && { requestId }),
          } satisfies ImageJobPayload,
          opts: { ...imageJobOptions, priority: priorityOf(virtualTime + index), jobId: imageJobId(batchId, index) },
        })),
      };
      // If this fails, the sweeper finds the batch and ends the announcement.
      const forget = () => void redis.zrem(keys.incoming, batchId).catch(ignore);
      try {
        // A flow is written in one transaction; `addBulk` is a pipeline, which Redis at its memory limit takes in part.
        await withTimeout(() => flow.add(batch), UncertainError);
        if (waitReplicas > 0) await withTimeout(() => waitForReplicas(redis, waitReplicas), UncertainError);
      } catch (error) {
        if (!(error instanceof UncertainError)) forget();
        throw error;
      }
      forget();
    },

    async isKnown(batchId) {
      const found = await withTimeout(() =>
        Promise.all([redis.exists(bullmqKeys(batches).job(batchId)), redis.exists(keys.removed(batchId))]),
      );
      return found.includes(1);
    },

    readBatch: (batchId, reader) => withTimeout(() => readBatchStatus(source, batchId, reader)),
    readFile: (jobId) => withTimeout(() => readFoundFile(source, jobId)),

    async removeBatch(batchId) {
      const begun = await withTimeout(() => remover.begin(batchId));
      // From here on it is gone for everyone; what cannot be done now is done by the sweeper.
      const limit = delay(REMOVAL_LIMIT_MS, undefined, { ref: false });
      await Promise.race([remover.execute(begun), limit]).catch((err) => {
        if (err instanceof ServiceError) throw err;
        logger.warn({ err, batchId }, 'a removal is left to the sweeper');
      });
    },

    async sendCommand(name = '', ...rest) {
      if (Date.now() < limiterRestsUntil) throw new Error('Redis has just not answered in time');
      try {
        // A script that is loaded may be needed by any master of a cluster, and no key says by which.
        const nodes = name === 'SCRIPT' ? mastersOf(redis) : [redis];
        const [answer] = await withLimiterTimeout(
          () => Promise.all(nodes.map((node) => node.call(name, ...rest))),
          UncertainError,
        );
        return answer;
      } catch (error) {
        // Many requests, or several limits of one, must not each wait for a Redis that hangs.
        if (error instanceof UncertainError) limiterRestsUntil = Date.now() + LIMITER_REST_MS;
        throw error;
      }
    },

    async close() {
      await Promise.all([flow.close(), images.close(), batches.close()]);
      redis.disconnect();
    },
  };
}

/** Milliseconds in which replicas must have a batch. */
const REPLICAS_MS = 500;

/**
 * Waits until replicas have all that this connection has written.
 *
 * @throws {Error} when there are too few in time
 */
async function waitForReplicas(redis: RedisConnection, wanted: number): Promise<void> {
  // Only of what the same connection wrote; those of a cluster that wrote nothing answer at once.
  const reached = Math.min(...(await Promise.all(mastersOf(redis).map((node) => node.wait(wanted, REPLICAS_MS)))));
  if (reached < wanted) throw new Error(`only ${reached} of ${wanted} replicas have the batch`);
}
