import { setTimeout as delay } from 'node:timers/promises';
import type { FlowJob, Telemetry } from 'bullmq';
import type { Output } from '../imaging/options.ts';
import { ServiceError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { createBacklog, type Load } from './backlog.ts';
import { createBatchIndex, type IndexedBatch } from './batch-index.ts';
import { type BatchJobPayload, batchJobOptions } from './batch-job.ts';
import { type BatchFiles, createBatchRemover } from './batch-remover.ts';
import { bullmqKeys } from './bullmq-keys.ts';
import { cancelBatch, stopRunningJobs } from './cancel-batch.ts';
import { mastersOf, type RedisConnection } from './connection.ts';
import { announceBatch, priorityOf } from './fair-scheduling.ts';
import { createFileRemover } from './file-remover.ts';
import { type Claim, claimKey, KEY_LIFE_MS } from './idempotency.ts';
import { imageJobOptions, readSourcePayload, type SourcePayload } from './image-job.ts';
import { HELD_MS, type ImportJobPayload, importJobOptions } from './import-job.ts';
import { serviceKeys } from './keys.ts';
import { type BatchPage, type BatchQuery, listBatches } from './list-batches.ts';
import { BATCH_QUEUE, IMAGE_QUEUE, IMPORT_QUEUE, imageJobId, WEBHOOK_QUEUE } from './names.ts';
import { payloadVersionOf } from './payload-version.ts';
import { readEvents } from './read-events.ts';
import { type BatchStatus, type FileStatus, type Found, readBatchStatus, readFoundFile } from './read-status.ts';
import { readWebhook, redeliverWebhook, type WebhookStatus } from './read-webhook.ts';
import { FlowProducer, Queue } from './redis-packages.ts';
import { createRedisTimeout, UncertainError } from './redis-timeout.ts';

/** Timeout of a command of the rate limiter. Requests wait for it. */
const LIMITER_TIMEOUT_MS = 100;
/** Milliseconds for which the rate limiter is off after such a timeout. */
const LIMITER_OFF_MS = 1000;
/** Milliseconds that a client waits for a deletion, at most. Stopping the running jobs takes about as long. */
const DELETION_TIMEOUT_MS = 5000;

/** A batch to enqueue. */
export interface NewBatch {
  batchId: string;
  /** In the order of the upload. */
  files: readonly Pick<SourcePayload, 'originalName' | 'format' | 'importUrl' | 'contentHash'>[];
  /** Results to make of each file. */
  outputs: readonly Output[];
  sender: Sender;
  /** Words by which the client finds its batches. */
  tags?: readonly string[];
  /** JSON text of an object that the client stores with the batch. */
  metadata?: string | undefined;
  /** Address that is called when the batch ends. */
  webhook?: string | undefined;
  /** Whether its webhook has signed URLs of the results. */
  signsLinks?: boolean;
  /** Batch from which this one was made. */
  sourceBatchId?: string;
  /** Id of the upload's request, for the log. */
  requestId?: string;
}

/** A batch whose files have their places in the queue. */
export interface AnnouncedBatch extends NewBatch {
  /** Virtual time of its first file; see `announceBatch`. Each further file has the next. */
  virtualTime: number;
  /** Milliseconds since 1970. */
  createdAt: number;
}

/** The client that sends a batch. */
export interface Sender {
  /** Identifies the client for fair scheduling. */
  id: string;
  /** Name of the API key that owns the batch; `undefined` if the service has no keys. */
  owner: string | undefined;
}

/** The API's client of the queue. An operation rejects with `QUEUE_UNAVAILABLE` if Redis does not respond in time. */
export interface QueueClient {
  /** Rejects if Redis does not respond. */
  ping(): Promise<void>;
  /**
   * Checks that the backlog has room for more files.
   *
   * @throws {ServiceError} `BACKLOG_FULL`
   */
  checkBacklog(): Promise<void>;
  /** Reads the load of the queue. */
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
  /** Returns whether a batch exists or was deleted. */
  isKnown(batchId: string): Promise<boolean>;
  /**
   * Reads the status of a batch and its files; `undefined` if there is none.
   *
   * @param reader client for which to read; a batch of another owner counts as absent. Without it, every batch can be read.
   */
  readBatch(batchId: string, reader?: Pick<Sender, 'owner'>): Promise<Found<BatchStatus> | undefined>;
  /** Lists the batches of a client. */
  listBatches(query: BatchQuery): Promise<BatchPage>;
  /**
   * Reads the payloads of some files of a batch.
   *
   * @throws an error of the schema if this version cannot process them
   */
  readPayloads(batchId: string, indexes: readonly number[]): Promise<SourcePayload[]>;
  /** Reads the status of one file; `undefined` if there is none. */
  readFile(jobId: string): Promise<Found<FileStatus> | undefined>;
  /**
   * Cancels a batch and stops its running jobs; see {@link cancelBatch}. Returns after a second at the latest, when some jobs may still
   * be running.
   */
  cancelBatch(batchId: string): Promise<'absent' | 'finished' | 'cancelled'>;
  /** Reads the webhook of a batch; `undefined` if it has none, or has not ended. */
  readWebhook(batchId: string): Promise<WebhookStatus | undefined>;
  /** Delivers the webhook of a batch again, or at once if an attempt is pending. Returns `false` if there is none. */
  redeliverWebhook(batchId: string): Promise<boolean>;
  /** Deletes a batch with its files, and stops its running jobs; see `BatchRemover`. */
  removeBatch(batchId: string): Promise<void>;
  /**
   * Deletes the original and the results of a file whose job has ended. Its job stays, with the time of the deletion.
   *
   * @returns once both are deleted; `absent` without a job, and `unfinished` if the job has not ended
   * @throws an error of the schema if this version cannot read the job; {@link ServiceError} if the bytes cannot be deleted now
   */
  removeFile(jobId: string): Promise<'absent' | 'unfinished' | 'deleted'>;
  /** Reads the events of the files' jobs; see `readEvents`. */
  readEvents(after?: string): Promise<{ jobIds: string[]; last: string }>;
  /** Sends a command of the rate limiter. Its timeout is short, because requests wait for it. */
  sendCommand(...command: string[]): Promise<unknown>;
  /** Closes the connection. */
  close(): Promise<void>;
}

/**
 * @param redis a connection that fails fast, owned by the client from here on
 * @param prefix first part of every key
 * @param files deletes the files of a batch
 * @param maxBacklog files that may wait; 0 for no limit
 * @param retentionMs milliseconds for which a deletion is remembered; 0 for no limit
 * @param waitReplicas replicas that must have a batch before it counts as enqueued
 * @param timeoutMs timeout of an operation; a command of the rate limiter has its own
 * @param limiterMs timeout of a command of the rate limiter; after it the request passes
 * @param telemetry carries the trace of an upload to its jobs
 */
export function createQueueClient({
  redis,
  prefix,
  files: batchFiles,
  maxBacklog,
  retentionMs,
  waitReplicas,
  timeoutMs,
  limiterMs = LIMITER_TIMEOUT_MS,
  telemetry,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  files: BatchFiles;
  maxBacklog: number;
  retentionMs: number;
  waitReplicas: number;
  timeoutMs: number;
  limiterMs?: number;
  telemetry?: Telemetry | undefined;
  logger: Logger;
}): QueueClient {
  const options = { connection: redis, prefix };
  const flow = new FlowProducer({ ...options, ...(telemetry && { telemetry }) });
  const images = new Queue(IMAGE_QUEUE, options);
  const batches = new Queue(BATCH_QUEUE, options);
  const keys = serviceKeys(prefix);
  const webhooks = new Queue(WEBHOOK_QUEUE, options);
  const source = { redis, images, batches, keys };
  // The connection logs an outage once. BullMQ emits the same errors; without a listener they would end the process.
  const ignore = (err: Error) => logger.debug({ err }, 'queue error');
  flow.on('error', ignore);
  images.on('error', ignore);
  batches.on('error', ignore);
  webhooks.on('error', ignore);

  // A key must expire before the record of its deleted batch. Otherwise a retry would reuse the id of the batch, and the second
  // pass of the deletion would delete the files of the new one.
  const lifeMs = retentionMs > 0 ? Math.min(KEY_LIFE_MS, retentionMs) : KEY_LIFE_MS;
  const withTimeout = createRedisTimeout(redis, timeoutMs);
  const withLimiterTimeout = createRedisTimeout(redis, limiterMs);
  let limiterOffUntil = 0;
  const backlog = createBacklog({ redis, prefix, images, batches, withTimeout, max: maxBacklog });
  const index = createBatchIndex(source);
  const remover = createBatchRemover({ ...source, webhooks, files: batchFiles, retentionMs, logger });
  const fileRemover = createFileRemover({ ...source, files: batchFiles, logger });

  return {
    async ping() {
      await withTimeout(() => redis.ping());
    },

    checkBacklog: backlog.check,
    readLoad: backlog.readLoad,
    claimKey: (owner, key) => claimKey({ redis, withTimeout, keys, lifeMs }, owner, key),

    async announceBatch(batch) {
      const announcement = { batchId: batch.batchId, client: batch.sender.id, files: batch.files.length };
      const createdAt = Date.now();
      const [virtualTime] = await withTimeout(() =>
        Promise.all([
          announceBatch(redis, bullmqKeys(images).prioritized, keys, announcement),
          index.add(indexed({ ...batch, createdAt })),
        ]),
      );
      return { ...batch, virtualTime, createdAt };
    },

    async addBatch(announced) {
      const {
        batchId,
        files,
        outputs,
        sender,
        tags = [],
        metadata,
        webhook,
        signsLinks = false,
        sourceBatchId,
      } = announced;
      const { requestId, virtualTime, createdAt } = announced;
      const ownership = sender.owner === undefined ? {} : { owner: sender.owner };
      const batch: FlowJob = {
        name: 'batch',
        queueName: BATCH_QUEUE,
        data: {
          total: files.length,
          ...ownership,
          client: sender.id,
          ...(tags.length > 0 && { tags: [...tags] }),
          ...(metadata !== undefined && { metadata }),
          ...(webhook !== undefined && { webhook, ...(signsLinks && { signsLinks }) }),
          ...(sourceBatchId !== undefined && { sourceBatchId }),
        } satisfies BatchJobPayload,
        opts: { ...batchJobOptions, jobId: batchId, timestamp: createdAt },
        children: files.map(({ originalName, format, importUrl, contentHash }, index) => ({
          name: 'image',
          queueName: IMAGE_QUEUE,
          data: {
            version: payloadVersionOf(format, outputs),
            batchId,
            index,
            originalName,
            ...(format !== undefined && { format }),
            ...(importUrl !== undefined && { importUrl }),
            ...(contentHash !== undefined && { contentHash }),
            outputs: [...outputs],
            ...ownership,
            ...(requestId !== undefined && { requestId }),
          } satisfies SourcePayload,
          opts: {
            ...imageJobOptions,
            priority: priorityOf(virtualTime + index),
            jobId: imageJobId(batchId, index),
            ...(importUrl !== undefined && { delay: HELD_MS }),
          },
        })),
      };
      const importJobs = files.flatMap(({ importUrl: url }, index): FlowJob[] => {
        if (url === undefined) return [];
        const data = { url, ...(requestId !== undefined && { requestId }) } satisfies ImportJobPayload;
        const opts = { ...importJobOptions, jobId: imageJobId(batchId, index) };
        return [{ name: 'import', queueName: IMPORT_QUEUE, data, opts }];
      });
      // If this fails, the sweeper finds the batch and ends the announcement.
      const forget = () => void redis.zrem(keys.incoming, batchId).catch(ignore);
      try {
        // Flows are one transaction. The queue's own `addBulk` is a pipeline, of which Redis at its memory limit executes only a part.
        await withTimeout(() => flow.addBulk([batch, ...importJobs]), UncertainError);
        if (waitReplicas > 0) await withTimeout(() => waitForReplicas(redis, waitReplicas), UncertainError);
      } catch (error) {
        if (!(error instanceof UncertainError)) {
          forget();
          index.remove(indexed(announced)).catch(ignore);
        }
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
    listBatches: (query) => withTimeout(() => listBatches(source, index, query)),
    readPayloads: (batchId, indexes) =>
      withTimeout(() =>
        Promise.all(
          indexes.map(async (index) => {
            const job = await images.getJob(imageJobId(batchId, index));
            return readSourcePayload({ id: imageJobId(batchId, index), data: job?.data });
          }),
        ),
      ),
    readEvents: (after) => withTimeout(() => readEvents(redis, bullmqKeys(images).events, after)),
    readFile: (jobId) => withTimeout(() => readFoundFile(source, jobId)),

    async cancelBatch(batchId) {
      const outcome = await withTimeout(() => cancelBatch({ ...source, logger }, batchId));
      if (outcome === 'cancelled') {
        // The batch is cancelled, even if Redis fails from here on.
        await stopRunningJobs(source, batchId).catch((err) => logger.debug({ err, batchId }, 'cancellation'));
      }
      return outcome;
    },

    readWebhook: (batchId) => withTimeout(() => readWebhook(webhooks, batchId)),
    redeliverWebhook: (batchId) => withTimeout(() => redeliverWebhook(webhooks, batchId)),

    async removeBatch(batchId) {
      const begun = await withTimeout(() => remover.begin(batchId));
      // The batch counts as deleted from here on. The sweeper finishes what fails now.
      const limit = delay(DELETION_TIMEOUT_MS, undefined, { ref: false });
      await Promise.race([remover.execute(begun), limit]).catch((err) => {
        if (err instanceof ServiceError) throw err;
        logger.warn({ err, batchId }, 'a deletion is left to the sweeper');
      });
    },

    async removeFile(jobId) {
      const begun = await withTimeout(() => fileRemover.begin(jobId));
      if (typeof begun === 'string') return begun;
      await fileRemover.execute(begun);
      return 'deleted';
    },

    async sendCommand(name = '', ...rest) {
      if (Date.now() < limiterOffUntil) throw new Error('the rate limiter is off after a timeout of Redis');
      try {
        // Any master of a cluster may need a loaded script, and no key names the master.
        const nodes = name === 'SCRIPT' ? mastersOf(redis) : [redis];
        const [reply] = await withLimiterTimeout(
          () => Promise.all(nodes.map((node) => node.call(name, ...rest))),
          UncertainError,
        );
        return reply;
      } catch (error) {
        // Otherwise each request would wait for a Redis that hangs.
        if (error instanceof UncertainError) limiterOffUntil = Date.now() + LIMITER_OFF_MS;
        throw error;
      }
    },

    async close() {
      await Promise.all([flow.close(), images.close(), batches.close(), webhooks.close()]);
      redis.disconnect();
    },
  };
}

/** The fields of a batch by which it is listed. */
function indexed({ batchId, sender, tags = [], createdAt }: NewBatch & { createdAt: number }): IndexedBatch {
  return { batchId, client: sender.id, tags, createdAt };
}

/** Milliseconds in which the replicas must have a batch. */
const REPLICAS_MS = 500;

/**
 * Waits until enough replicas have everything that this connection has written.
 *
 * @throws {Error} if there are too few in time
 */
async function waitForReplicas(redis: RedisConnection, wanted: number): Promise<void> {
  // WAIT counts only writes of its own connection. A master without such writes replies at once.
  const reached = Math.min(...(await Promise.all(mastersOf(redis).map((node) => node.wait(wanted, REPLICAS_MS)))));
  if (reached < wanted) throw new Error(`only ${reached} of ${wanted} replicas have the batch`);
}
