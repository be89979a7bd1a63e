import { DelayedError, type Job, type Processor, type Telemetry, UnrecoverableError, WaitingError } from 'bullmq';
import pLimit, { type LimitFunction } from 'p-limit';
import { RECONNECT_DELAY_MS, type RedisConnection } from '../queue/connection.ts';
import { type ImageJobPayload, type ImageJobResult, readPayload, resultsOf } from '../queue/image-job.ts';
import { IMAGE_QUEUE } from '../queue/names.ts';
import { PAYLOAD_VERSION } from '../queue/payload-version.ts';
import type { Config } from '../shared/config.ts';
import type { Logger } from '../shared/logger.ts';
import type { Storage } from '../storage/storage.ts';
import type { StorageError } from '../storage/storage-error.ts';
import { allocator } from './allocator.ts';
import type { StorageFault, WorkerMetrics } from './metrics.ts';
import type { Made } from './process-image.ts';
import { endReasons } from './run-with-limits.ts';
import { TolerantWorker } from './tolerant-worker.ts';

/**
 * Timing of the recovery from a worker that died: its locks run out after `lockDuration`, and the other workers look for
 * such jobs every `stalledInterval`, both in milliseconds. Their sum is the longest that a job waits.
 */
const recovery = {
  lockDuration: 10_000,
  stalledInterval: 5000,
  /** A worker does not die of an image, whose process is another one: however often it dies, the image is not to blame. */
  maxStalledCount: 20,
};

/**
 * Milliseconds beyond the time limit of an image after which its child is given up. A child ends itself in time, but one
 * that dies before it listens leaves BullMQ 6.7 waiting for ever, and the job with it.
 */
const SILENCE_MS = 10_000;
/** The same where the storage is remote, which may take its time to be read from and written to, or to be given up. */
const REMOTE_SILENCE_MS = 120_000;

/** Milliseconds after which a job that met a full or unreachable storage is tried again. */
const STORAGE_PAUSE_MS = 5000;
/** Starts after which a job gives up on a storage that is unavailable: an hour, or more where it hangs. What is full will be emptied. */
const MOST_STARTS = 720;

/** Milliseconds for which a job is left to workers that understand it. */
const TOO_NEW_PAUSE_MS = 5000;

/**
 * Jobs that are taken while all children are busy, so that the next image is at hand when one of them is free: without it, a child
 * waits for the disk and for Redis between two images. No more than this, since what is taken here is not done elsewhere.
 */
const TAKEN_AHEAD = 1;

/** Why a job is cancelled. */
const SHUTTING_DOWN = 'the worker is shutting down';
const REMOVED = 'its batch was removed';

/** What BullMQ says when the child that ran a job is gone. */
const CHILD_GONE = /^Unexpected exit code: (\S+) signal: (\S+)$/;

/** Runs a job in one of the children. */
type RunInChild = (job: Job<ImageJobPayload, ImageJobResult>, token?: string, signal?: AbortSignal) => Promise<Made>;

/** Worker of the files' jobs: each runs in a child process that this worker keeps, one job at a time per child. */
export class ImageWorker extends TolerantWorker<ImageJobPayload, ImageJobResult> {
  readonly #silenceMs: number;
  readonly #storage: Storage;
  readonly #children: LimitFunction;
  readonly #metrics: WorkerMetrics;
  readonly #logger: Logger;

  /**
   * @param redis a connection that waits for Redis
   * @param storage where results are published
   * @param concurrency images at the same time, so also children
   * @param jobTimeoutMs milliseconds after which a child ends itself
   * @param environment of the children
   * @param metrics that tell what it does
   * @param telemetry that traces what it does, if it is traced
   */
  constructor({
    redis,
    prefix,
    storage,
    concurrency,
    jobTimeoutMs,
    environment,
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
    metrics: WorkerMetrics;
    telemetry: Telemetry | undefined;
    logger: Logger;
  }) {
    // The same folder holds TypeScript in development and JavaScript when built.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    super(IMAGE_QUEUE, new URL(`./process-image.${extension}`, import.meta.url), {
      connection: redis,
      prefix,
      concurrency: concurrency + TAKEN_AHEAD,
      ...recovery,
      runRetryDelay: RECONNECT_DELAY_MS,
      useWorkerThreads: false,
      workerForkOptions: { env: { ...allocator, ...environment } },
      // How many have ended, by which the API tells when it is worth trying again.
      metrics: { maxDataPoints: 60 },
      ...(telemetry && { telemetry }),
      autorun: false,
    });
    this.#silenceMs = jobTimeoutMs + (storage.isRemote ? REMOTE_SILENCE_MS : SILENCE_MS);
    this.#storage = storage;
    this.#children = pLimit(concurrency);
    this.#metrics = metrics;
    this.#logger = logger;
    this.on('completed', (job) => {
      metrics.jobEnded('completed');
      const ms = (job.finishedOn ?? 0) - (job.processedOn ?? 0);
      logger.info({ ...about(job), ms, bytes: job.returnvalue.bytes }, 'image processed');
    });
    this.on('failed', (job, err) => {
      const willRetry = !job?.finishedOn;
      metrics.jobEnded(willRetry ? 'retried' : 'failed');
      logger[willRetry ? 'error' : 'warn']({ ...(job && about(job)), err, willRetry }, 'image failed');
    });
    this.on('stalled', (jobId) => logger.warn({ jobId }, 'job of a worker that died goes on here'));
    this.on('error', (err) => logger.debug({ err }, 'worker error'));
  }

  /** BullMQ's own hook: what it makes runs a job in a child, and this adds how such a run begins and can end. */
  protected override createSandbox(processor: string | URL | Processor | null): void {
    super.createSandbox(processor);
    // What the child's file returns.
    const runInChild = this.processFn as unknown as RunInChild;
    this.processFn = async (job, token, signal) => {
      // While a new version is being rolled out, its jobs wait for its workers.
      if ((job.data.version ?? PAYLOAD_VERSION) > PAYLOAD_VERSION) {
        this.#logger.info(about(job), 'job of a newer version is left to a newer worker');
        await job.moveToDelayed(Date.now() + TOO_NEW_PAUSE_MS, token);
        throw new DelayedError();
      }
      const wanted = resultsOf(String(job.id), this.#readPayload(job));
      // BullMQ 6.7 takes progress that Redis refuses, as when its memory is full, for the end of the job, and gives the next
      // one to the child that is still at work.
      const tell = job.updateProgress.bind(job);
      job.updateProgress = (progress) => tell(progress).catch(() => undefined);
      try {
        const { result, written } = await this.#inFreeChild(signal, () => {
          this.#logger.debug(about(job), 'image begun');
          const begun = Date.now();
          if (job.attemptsStarted === 1) this.#metrics.waited(Math.max(0, begun - job.timestamp) / 1000);
          return runInChild(job, token, signal).finally(() => this.#metrics.processed((Date.now() - begun) / 1000));
        });
        // Not by the child, which works on the next image while this one goes through to the disk.
        await Promise.all(
          wanted.map(({ jobId, format, variant }, position) =>
            this.#storage.results.publish(written[position] ?? '', jobId, format, variant),
          ),
        );
        return result;
      } catch (error) {
        // Cancelled, the child has ended itself.
        if (signal?.reason === REMOVED) throw new UnrecoverableError(REMOVED);
        // In these two the job goes back as it was, without counting as an attempt.
        if (signal?.aborted || error === SHUTTING_DOWN) {
          await job.moveToWait(token);
          throw new WaitingError();
        }
        const code = this.#storageFault(error, job.attemptsStarted);
        if (code) {
          this.#metrics.storageAwaited(code);
          this.#logger.error(
            { ...about(job), code, err: error },
            'the storage is full, faulty or out of reach; the job waits for it',
          );
          await job.moveToDelayed(Date.now() + STORAGE_PAUSE_MS, token);
          throw new DelayedError();
        }
        throw this.#toReason(error);
      }
    };
  }

  /** @throws {UnrecoverableError} when it cannot be read, which no further attempt heals */
  #readPayload(job: Job<ImageJobPayload, ImageJobResult>): ImageJobPayload {
    try {
      return readPayload(job);
    } catch (err) {
      this.#logger.error({ ...about(job), err }, 'stored job cannot be read');
      throw new UnrecoverableError('The service cannot read what it stored about this file. Upload it again.');
    }
  }

  /**
   * Waits until one of the children is free, and for its answer no longer than it can take.
   *
   * @throws what the child throws; {@link SHUTTING_DOWN}, or why the job is cancelled, when it has not begun by then
   */
  async #inFreeChild<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const release = await new Promise<() => void>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      void this.#children(() => new Promise<void>((free) => (signal?.aborted ? free() : resolve(free))));
    });
    let timer: NodeJS.Timeout | undefined;
    try {
      if (this.closing) throw SHUTTING_DOWN;
      const silence = new Promise<never>((_, reject) => {
        const error = new Error('the process that worked on this image did not answer');
        timer = setTimeout(() => {
          this.#metrics.childEnded('silence');
          reject(error);
        }, this.#silenceMs);
      });
      return await Promise.race([work(), silence]);
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  /**
   * The code of a storage failure that a job waits for; `undefined` for any other error. Errors come from the child as plain
   * objects, with what a `StorageError` has.
   */
  #storageFault(error: unknown, starts: number): StorageFault | undefined {
    const { code, isTemporary } = error as Partial<StorageError>;
    if (code === 'STORAGE_FULL') return code;
    if (code !== 'STORAGE_UNAVAILABLE' || starts >= MOST_STARTS) return undefined;
    return isTemporary || this.#storage.isRemote ? code : undefined;
  }

  /** The end of a child says why only by its signal: the person who sent the image is told in words. */
  #toReason(error: unknown): unknown {
    const [, code, signal = ''] = CHILD_GONE.exec(error instanceof Error ? error.message : '') ?? [];
    if (code === undefined) return error;
    if (signal in endReasons) {
      const { what, words } = endReasons[signal as keyof typeof endReasons];
      this.#metrics.childEnded(what);
      return new UnrecoverableError(words);
    }
    this.#metrics.childEnded('crash');
    const how = signal === 'null' ? `with exit code ${code}` : `by ${signal}`;
    return new Error(`the process that worked on this image was ended ${how}`, { cause: error });
  }

  /** Stops a job of a batch that is being removed, if it runs here. */
  cancelRemoved(jobId: string): void {
    this.cancelJob(jobId, REMOVED);
  }

  /**
   * Takes no more jobs and finishes those that run; what still runs after the limit goes back to the queue.
   *
   * @param limitMs milliseconds
   */
  async stop(limitMs: number): Promise<void> {
    const handBack = setTimeout(() => this.cancelAllJobs(SHUTTING_DOWN), limitMs);
    await this.close();
    clearTimeout(handBack);
  }
}

/** What a log line says of a job. */
function about({ id, data }: Job<ImageJobPayload, ImageJobResult>) {
  return { batchId: data.batchId, jobId: id, requestId: data.requestId };
}
