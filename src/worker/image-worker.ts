import type { Job, Telemetry, Worker } from 'bullmq';
import { cancelledFailure } from '../queue/cancel-batch.ts';
import { RECONNECT_DELAY_MS, type RedisConnection } from '../queue/connection.ts';
import {
  type ImageJobPayload,
  type ImageJobResult,
  readPayload,
  resultsOf,
  type SourcePayload,
} from '../queue/image-job.ts';
import { HELD_MS } from '../queue/import-job.ts';
import { batchIdOf, IMAGE_QUEUE, imageJobId } from '../queue/names.ts';
import { PAYLOAD_VERSION } from '../queue/payload-version.ts';
import { DelayedError, UnrecoverableError, WaitingError } from '../queue/redis-packages.ts';
import type { Config } from '../shared/config.ts';
import { type Failure, formatFailure, parseFailure, storedFailure } from '../shared/failures.ts';
import type { Logger } from '../shared/logger.ts';
import type { Storage } from '../storage/storage.ts';
import { StorageError } from '../storage/storage-error.ts';
import { allocator } from './allocator.ts';
import type { BatchWorker } from './batch-worker.ts';
import { createChildRunner } from './child-runner.ts';
import type { WorkerMetrics } from './metrics.ts';
import { type Cause, type Outcome, type StorageProblem, toCause, toStorageOutcome } from './outcome.ts';
import type { ResultReuse } from './result-reuse.ts';
import { TolerantWorker } from './tolerant-worker.ts';

/**
 * Recovery from a worker that died: its locks expire after `lockDuration`, and other workers look for such jobs every
 * `stalledInterval`, both in milliseconds. Their sum is the longest that a job waits.
 */
const recovery = {
  lockDuration: 10_000,
  stalledInterval: 5000,
  /** Seconds. A worker that died just when a new job woke it leaves that job to the next worker that asks. */
  drainDelay: 15,
  /** An image cannot end a worker, only a child process. So a worker that dies, however often, is no reason to fail its jobs. */
  maxStalledCount: 20,
};

/** Milliseconds beyond the time limit of an image in which a child must respond. It also reads and writes in this time. */
const RESPONSE_MARGIN_MS = 10_000;
/** The same with a remote storage, which may be slow or unavailable. */
const REMOTE_RESPONSE_MARGIN_MS = 120_000;

/** Milliseconds until a job that met a full or unavailable storage is retried. */
const STORAGE_DELAY_MS = 5000;
/** Starts after which a job fails because of an unavailable storage: an hour. For a full storage there is no such limit. */
const MAX_STORAGE_STARTS = 720;

/** Milliseconds for which a job is left to workers of a newer version. */
const TOO_NEW_DELAY_MS = 5000;

/** Milliseconds after which progress is reported. Most images are done by then, and a report costs nearly as much as the rest of a job. */
const PROGRESS_AFTER_MS = 200;

/**
 * Jobs that a worker takes while all its children are busy, so that a child does not wait for Redis and the disk between two images.
 * No more than this, since other workers cannot run these jobs.
 */
const PREFETCH = 1;

/** Reasons for which a run is cancelled. */
const SHUTTING_DOWN = 'the worker is shutting down';
const CANCELLED = 'the batch was cancelled';

type ImageJob = Job<SourcePayload, ImageJobResult>;

/** The worker of the files' jobs. */
export interface ImageWorker extends Pick<Worker, 'run' | 'waitUntilReady'> {
  /** Stops the job of a cancelled or deleted batch, if it runs here. */
  cancel(jobId: string): void;
  /**
   * Takes no more jobs and finishes those that run. Jobs that still run after the timeout go back to the queue.
   *
   * @param timeoutMs milliseconds
   */
  stop(timeoutMs: number): Promise<void>;
}

/**
 * Creates the worker of the files' jobs. Each job runs in a child process.
 *
 * @param redis a connection that waits for Redis
 * @param storage where results are published
 * @param concurrency images at the same time, and so child processes
 * @param jobTimeoutMs milliseconds after which a child ends itself
 * @param environment of the children
 * @param reuse absent if every file is processed
 */
export function createImageWorker({
  redis,
  prefix,
  storage,
  concurrency,
  jobTimeoutMs,
  environment,
  batches,
  reuse,
  metrics,
  telemetry,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  storage: Storage;
  concurrency: number;
  jobTimeoutMs: number;
  environment: Config['environment'];
  batches: Pick<BatchWorker, 'batchBegun' | 'isCancelled'>;
  reuse: ResultReuse | undefined;
  metrics: WorkerMetrics;
  telemetry: Telemetry | undefined;
  logger: Logger;
}): ImageWorker {
  const runner = createChildRunner({
    concurrency,
    responseTimeoutMs: jobTimeoutMs + (storage.isRemote ? REMOTE_RESPONSE_MARGIN_MS : RESPONSE_MARGIN_MS),
    environment: { ...allocator, ...environment },
  });

  async function processJob(job: ImageJob, token?: string, signal?: AbortSignal): Promise<ImageJobResult> {
    // During a rolling upgrade, jobs of the new version wait for its workers.
    if ((job.data.version ?? PAYLOAD_VERSION) > PAYLOAD_VERSION) {
      logger.info(about(job), 'job of a newer version is left to a newer worker');
      return delayJob(job, token, TOO_NEW_DELAY_MS);
    }
    const batchId = batchIdOf(String(job.id));
    // A cancellation takes all jobs that wait. So a job that starts later has been held before: by a worker, or by an API that died.
    if (job.attemptsStarted > 1 || job.stalledCounter > 0) await requireNotCancelled(batchId);
    const { importFailure, importUrl, format } = job.data;
    if (importFailure !== undefined) throw toJobError(storedFailure.parse(importFailure), { isFinal: true });
    // An API died while it cancelled the batch of a held job.
    if (importUrl !== undefined && format === undefined) return delayJob(job, token, HELD_MS);
    const payload = readPayloadOf(job);
    const reused = await reuse?.take(payload);
    if (reused) {
      await requireNotCancelled(batchId);
      noteBegin(job, payload);
      metrics.resultReused();
      return reused;
    }
    const run = await runInChild(job, payload, signal ?? new AbortController().signal);
    // The message to stop the job may have been lost.
    await requireNotCancelled(batchId);
    const outcome = await publish(payload, run);
    switch (outcome.kind) {
      case 'made':
        return outcome.result;
      case 'failed':
        throw toJobError(outcome.failure, outcome);
      case 'timed out':
        metrics.childEnded('time');
        throw toJobError({ code: 'TIMEOUT', message: 'took longer than the time limit' }, { isFinal: true });
      case 'out of memory':
        metrics.childEnded('memory');
        throw toJobError({ code: 'OUT_OF_MEMORY', message: 'needed more memory than the limit' }, { isFinal: true });
      case 'crashed': {
        metrics.childEnded(outcome.isSilent ? 'silence' : 'crash');
        const message = `the process that worked on this image ${outcome.how}`;
        throw toJobError({ code: 'PROCESS_CRASHED', message }, { isFinal: false });
      }
      case 'storage unavailable':
        return waitForStorage(job, token, outcome.error);
      case 'cancelled':
        if (signal?.reason === CANCELLED) throw toJobError(cancelledFailure, { isFinal: true });
        // Back to the queue, without counting as an attempt.
        await job.moveToWait(token);
        throw new WaitingError();
    }
  }

  async function requireNotCancelled(batchId: string): Promise<void> {
    if (await batches.isCancelled(batchId)) throw toJobError(cancelledFailure, { isFinal: true });
  }

  function readPayloadOf(job: ImageJob): ImageJobPayload {
    try {
      return readPayload(job);
    } catch (error) {
      logger.error({ ...about(job), err: error }, 'stored job cannot be read');
      const message = 'The service cannot read what it stored about this file. Upload it again.';
      throw toJobError({ code: 'INTERNAL', message }, { isFinal: true, cause: toCause(error) });
    }
  }

  /** Lists a batch as begun when its first file begins. */
  function noteBegin(job: ImageJob, { batchId, index }: ImageJobPayload): void {
    // The first file of a batch is the first to start.
    if (index !== 0) return;
    batches.batchBegun(batchId).catch((err) => logger.debug({ ...about(job), err }, 'the list is late'));
  }

  async function runInChild(job: ImageJob, payload: ImageJobPayload, signal: AbortSignal): Promise<Outcome> {
    let startedAt = 0;
    let progress: NodeJS.Timeout | undefined;
    const outcome = await runner.run(payload, signal, () => {
      logger.debug(about(job), 'image begun');
      startedAt = Date.now();
      noteBegin(job, payload);
      if (job.attemptsStarted === 1)
        metrics.waited(Math.max(0, startedAt - (payload.importedAt ?? job.timestamp)) / 1000);
      // Redis refuses it while its memory is full, which must not end the job.
      progress = setTimeout(() => void job.updateProgress(10).catch(() => undefined), PROGRESS_AFTER_MS);
    });
    clearTimeout(progress);
    if (startedAt > 0) metrics.processed((Date.now() - startedAt) / 1000);
    return outcome;
  }

  /** Publishes what a child has written. The worker does this, so that the child can start on the next image. */
  async function publish(payload: ImageJobPayload, outcome: Outcome): Promise<Outcome> {
    if (outcome.kind !== 'made') return outcome;
    const { batchId, index } = payload;
    try {
      await Promise.all(
        resultsOf(imageJobId(batchId, index), payload).map(({ jobId, format, variant }, position) =>
          storage.results.publish(outcome.written[position] ?? '', jobId, format, variant),
        ),
      );
      return outcome;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return toStorageOutcome(error);
    }
  }

  /** Delays a job until the storage may be available, or fails it. */
  async function waitForStorage(job: ImageJob, token: string | undefined, error: StorageProblem): Promise<never> {
    const { code, problem, isTemporary, cause } = error;
    const canWait = isTemporary || storage.isRemote;
    if (code !== 'STORAGE_FULL' && !(canWait && job.attemptsStarted < MAX_STORAGE_STARTS)) {
      const failure = { code: 'STORAGE_UNAVAILABLE' as const, message: `The service ${problem}.` };
      throw toJobError(failure, { isFinal: false, cause });
    }
    metrics.storageAwaited(code);
    logger.error(
      { ...about(job), code, err: toError(cause) },
      'the storage is full or unavailable; the job waits for it',
    );
    return delayJob(job, token, STORAGE_DELAY_MS);
  }

  const worker = new TolerantWorker<SourcePayload, ImageJobResult>(IMAGE_QUEUE, processJob, {
    connection: redis,
    prefix,
    concurrency: concurrency + PREFETCH,
    ...recovery,
    runRetryDelay: RECONNECT_DELAY_MS,
    // Counts of ended jobs, from which the API derives `Retry-After`.
    metrics: { maxDataPoints: 60 },
    ...(telemetry && { telemetry }),
    autorun: false,
  });
  worker.on('completed', (job) => {
    metrics.jobEnded('completed');
    const ms = (job.finishedOn ?? 0) - (job.processedOn ?? 0);
    const { bytes, reused } = job.returnvalue;
    logger.info({ ...about(job), ms, bytes, reused }, 'image processed');
    // Only now, since until it has ended the job has no result that others can reuse.
    void reuse?.offer(job);
  });
  worker.on('failed', (job, err) => {
    const willRetry = !job?.finishedOn;
    const { code, message } = parseFailure(err.message);
    metrics.jobEnded(willRetry ? 'retried' : 'failed');
    if (!willRetry) metrics.fileFailed(code);
    // The stack of a failure that is the image's own says nothing about the service.
    const isOurs = code === 'INTERNAL' || !(err instanceof UnrecoverableError);
    const cause = err.cause instanceof Error ? err.cause.message : undefined;
    const details = isOurs ? { err } : { reason: message, cause };
    logger[willRetry ? 'error' : 'warn']({ ...(job && about(job)), code, ...details, willRetry }, 'image failed');
  });
  worker.on('stalled', (jobId) => logger.warn({ jobId }, 'continuing the job of a worker that died'));
  worker.on('error', (err) => logger.debug({ err }, 'worker error'));

  return {
    run: () => worker.run(),
    waitUntilReady: () => worker.waitUntilReady(),
    cancel: (jobId) => void worker.cancelJob(jobId, CANCELLED),
    async stop(timeoutMs) {
      runner.stopStarting();
      const handBack = setTimeout(() => worker.cancelAllJobs(SHUTTING_DOWN), timeoutMs);
      await worker.close();
      clearTimeout(handBack);
      runner.close();
    },
  };
}

async function delayJob(job: ImageJob, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}

/** The error that makes BullMQ fail a job, or retry it unless the failure is final. */
function toJobError(failure: Failure, { isFinal, cause }: { isFinal: boolean; cause?: Cause | undefined }): Error {
  const error = new (isFinal ? UnrecoverableError : Error)(formatFailure(failure));
  return cause ? Object.assign(error, { cause: toError(cause) }) : error;
}

function toError({ message, stack }: Cause): Error {
  return Object.assign(new Error(message), { stack });
}

/** Log fields of a job. */
function about({ id, data }: ImageJob) {
  return { batchId: data.batchId, jobId: id, requestId: data.requestId };
}
