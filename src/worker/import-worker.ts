import { createHash } from 'node:crypto';
import type { Job, Worker } from 'bullmq';
import { detectFormat, formats, SIGNATURE_BYTES } from '../imaging/formats.ts';
import { parseRanges } from '../network/allowed-address.ts';
import { FetchError, fetchFile } from '../network/fetch-file.ts';
import { createGuardedClient } from '../network/guarded-client.ts';
import { RECONNECT_DELAY_MS, type RedisConnection } from '../queue/connection.ts';
import { readImportState, type SourcePayload } from '../queue/image-job.ts';
import { type ImportJobPayload, importJobOptions, importJobPayload } from '../queue/import-job.ts';
import { batchIdOf, IMAGE_QUEUE, IMPORT_QUEUE, indexOf } from '../queue/names.ts';
import { FAILED_IMPORT_VERSION } from '../queue/payload-version.ts';
import { DelayedError, Queue, UnrecoverableError, WaitingError } from '../queue/redis-packages.ts';
import type { Config } from '../shared/config.ts';
import { ServiceError } from '../shared/errors.ts';
import type { Failure } from '../shared/failures.ts';
import { hashing } from '../shared/hashing.ts';
import type { Logger } from '../shared/logger.ts';
import type { Storage } from '../storage/storage.ts';
import type { BatchWorker } from './batch-worker.ts';
import { createHostLimit } from './host-limit.ts';
import type { WorkerMetrics } from './metrics.ts';
import { TolerantWorker } from './tolerant-worker.ts';

/** Imports at the same time, and of these from the same host. */
const CONCURRENCY = 50;
const CONCURRENCY_PER_HOST = 5;
/** Milliseconds until an import is tried again that met a full or unavailable storage. */
const STORAGE_DELAY_MS = 5000;
/** Milliseconds before the second attempt, and twice as many before the third. A random part of up to a half is subtracted. */
const RETRY_DELAY_MS = 1000;

/** Reasons for which an import is ended. */
const SHUTTING_DOWN = 'the worker is shutting down';
const CANCELLED = 'the batch was cancelled';

type ImportJob = Job<ImportJobPayload, void>;
type ImageJob = Job<SourcePayload>;

/** The worker of the imports. */
export interface ImportWorker extends Pick<Worker, 'run'> {
  /** Ends the import of a cancelled or deleted batch, if it runs here. */
  cancel(jobId: string): void;
  /** Takes no more jobs. Imports that still run after the timeout go back to the queue. */
  stop(timeoutMs: number): Promise<void>;
}

/**
 * Creates the worker that imports files by URL. When a file is stored, its job is released to the image worker. If its import fails
 * for good, its job is released with the failure.
 *
 * @param redis a connection that waits for Redis
 */
export function createImportWorker({
  redis,
  prefix,
  storage,
  imports: { hosts, timeoutMs, allowedRanges },
  limits: { maxFileBytes, acceptedFormats, reusesResults },
  batches,
  metrics,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  storage: Pick<Storage, 'originals' | 'checkFreeSpace'>;
  imports: Config['imports'];
  limits: Pick<Config, 'maxFileBytes' | 'acceptedFormats' | 'reusesResults'>;
  batches: Pick<BatchWorker, 'isCancelled'>;
  metrics: Pick<WorkerMetrics, 'importEnded'>;
  logger: Logger;
}): ImportWorker {
  const images = new Queue<SourcePayload>(IMAGE_QUEUE, { connection: redis, prefix });
  const client = createGuardedClient({ allowed: parseRanges(allowedRanges) });
  const hostLimit = createHostLimit(CONCURRENCY_PER_HOST);

  async function importFile(job: ImportJob, token?: string, signal?: AbortSignal): Promise<void> {
    const jobId = String(job.id);
    const image: ImageJob | undefined = await images.getJob(jobId);
    // The batch was cancelled or deleted.
    if (!image || image.finishedOn || (await batches.isCancelled(batchIdOf(jobId)))) return;
    const { data } = importJobPayload.safeParse(job.data);
    // A worker died after it had recorded the outcome, or the job of the file cannot run and must say so.
    if (!data || readImportState(image) !== 'pending') return release(image);
    const { url } = data;
    const { host } = new URL(url);
    const leave = hostLimit.enter(host);
    if (!leave) return delayJob(job, token, hostLimit.busyDelayMs(host));
    try {
      await storage.checkFreeSpace();
      const stop = signal ?? new AbortController().signal;
      const content = await fetchFile(client, url, { hosts, maxBytes: maxFileBytes, timeoutMs, signal: stop });
      const hash = reusesResults ? createHash('sha256') : undefined;
      const { size, head } = await storage.originals.add(
        batchIdOf(jobId),
        indexOf(jobId),
        hash ? hashing(content, hash) : content,
        SIGNATURE_BYTES,
      );
      const format = await detectFormat(head, acceptedFormats);
      if (format === undefined) throw unsupported(size, acceptedFormats);
      const contentHash = hash?.digest('hex');
      await image.updateData({ ...image.data, format, importedAt: Date.now(), ...(contentHash && { contentHash }) });
      metrics.importEnded('completed');
      logger.info({ ...about(job), bytes: size }, 'file imported');
      await release(image);
    } catch (error) {
      await handle(error, job, token, signal, image);
    } finally {
      leave();
    }
  }

  async function handle(
    error: unknown,
    job: ImportJob,
    token: string | undefined,
    signal: AbortSignal | undefined,
    image: ImageJob,
  ): Promise<void> {
    if (signal?.aborted) {
      if (signal.reason !== SHUTTING_DOWN) return;
      // Back to the queue, without counting as an attempt.
      await job.moveToWait(token);
      throw new WaitingError();
    }
    if (error instanceof ServiceError) {
      // The batch was deleted meanwhile.
      if (error.code === 'FILE_GONE') return;
      logger.error({ ...about(job), err: error }, 'the storage is full or unavailable; the import waits for it');
      return delayJob(job, token, STORAGE_DELAY_MS);
    }
    const { failure, isTemporary } = error instanceof FetchError ? error : { failure: unexpected, isTemporary: true };
    const isLast = !isTemporary || job.attemptsMade + 1 >= importJobOptions.attempts;
    metrics.importEnded(isLast ? 'failed' : 'retried');
    const cause = error instanceof FetchError ? error.cause : error;
    logger.warn({ ...about(job), ...failure, err: cause, willRetry: !isLast }, 'import failed');
    if (!isLast) throw error;
    const version = Math.max(image.data.version ?? 1, FAILED_IMPORT_VERSION);
    await image.updateData({ ...image.data, version, importFailure: failure });
    await release(image);
    throw new UnrecoverableError(failure.message);
  }

  /** Lets an image worker take a file's job. */
  async function release(image: ImageJob): Promise<void> {
    if (await image.isDelayed()) await image.promote();
  }

  const worker = new TolerantWorker<ImportJobPayload, void>(IMPORT_QUEUE, importFile, {
    connection: redis,
    prefix,
    concurrency: CONCURRENCY,
    lockDuration: 10_000,
    stalledInterval: 20_000,
    // A job that BullMQ fails by itself would leave the job of its file held.
    maxStalledCount: 1_000_000,
    runRetryDelay: RECONNECT_DELAY_MS,
    settings: {
      backoffStrategy: (attempts, _type, error) =>
        Math.max(
          RETRY_DELAY_MS * attempts * (1 - Math.random() / 2),
          error instanceof FetchError ? error.retryAfterMs : 0,
        ),
    },
    autorun: false,
  });
  worker.on('error', (err) => logger.debug({ err }, 'import worker error'));
  images.on('error', (err) => logger.debug({ err }, 'import worker error'));

  return {
    run: () => worker.run(),
    cancel: (jobId) => void worker.cancelJob(jobId, CANCELLED),
    async stop(limitMs) {
      const handBack = setTimeout(() => worker.cancelAllJobs(SHUTTING_DOWN), limitMs);
      await worker.close();
      clearTimeout(handBack);
      await Promise.all([images.close(), client.close()]);
    },
  };
}

const unexpected: Failure = {
  code: 'INTERNAL',
  message: 'The service failed to import this file. Its log has the cause.',
};

/** The failure of a file that was imported but is not an image. */
function unsupported(size: number, accepted: Config['acceptedFormats']): FetchError {
  const labels = accepted.map((name) => formats[name].label).join(', ');
  const message =
    size === 0 ? 'the file at the URL is empty' : `the file at the URL is not an image of an accepted type (${labels})`;
  const failure: Failure = { code: 'IMAGE_UNSUPPORTED', message };
  return new FetchError(failure, { isTemporary: false });
}

async function delayJob(job: ImportJob, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}

/** Log fields of an import. */
function about({ id = '', data }: ImportJob) {
  return { jobId: id, requestId: data.requestId };
}
