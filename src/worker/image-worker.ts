import { DelayedError, type Job, type Processor, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { RECONNECT_DELAY_MS } from '../queue/connection.ts';
import type { ImageJobPayload, ImageJobResult } from '../queue/image-job.ts';
import { IMAGE_QUEUE } from '../queue/names.ts';
import type { Config } from '../shared/config.ts';
import type { ProblemCode } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { endReasons } from './watchdog.ts';

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

/** Milliseconds after which a job whose result met a full disk is tried again. */
const NO_ROOM_PAUSE_MS = 5000;

/** Why a job is cancelled. */
const SHUTTING_DOWN = 'the worker is shutting down';
const REMOVED = 'its batch was removed';

/** What BullMQ says when the child that ran a job is gone. */
const CHILD_GONE = /^Unexpected exit code: (\S+) signal: (\S+)$/;

/** Worker of the files' jobs: each runs in a child process that this worker keeps, one job at a time per child. */
export class ImageWorker extends Worker<ImageJobPayload, ImageJobResult> {
  readonly #silenceMs: number;
  readonly #logger: Logger;

  /**
   * @param redis a connection that waits for Redis
   * @param concurrency images at the same time, so also children
   * @param jobTimeoutMs milliseconds after which a child ends itself
   * @param environment of the children
   */
  constructor({
    redis,
    prefix,
    concurrency,
    jobTimeoutMs,
    environment,
    logger,
  }: {
    redis: Redis;
    prefix: string;
    concurrency: number;
    jobTimeoutMs: number;
    environment: Config['environment'];
    logger: Logger;
  }) {
    // The same folder holds TypeScript in development and JavaScript when built.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    super(IMAGE_QUEUE, new URL(`./process-image.${extension}`, import.meta.url), {
      connection: redis,
      prefix,
      concurrency,
      ...recovery,
      runRetryDelay: RECONNECT_DELAY_MS,
      useWorkerThreads: false,
      workerForkOptions: { env: environment },
      // How many have ended, by which the API tells when it is worth trying again.
      metrics: { maxDataPoints: 60 },
      autorun: false,
    });
    this.#silenceMs = jobTimeoutMs + SILENCE_MS;
    this.#logger = logger;
    const about = (job: Job<ImageJobPayload, ImageJobResult>) => ({ batchId: job.data.batchId, jobId: job.id });
    this.on('completed', (job) => {
      const ms = (job.finishedOn ?? 0) - (job.processedOn ?? 0);
      logger.info({ ...about(job), ms, bytes: job.returnvalue.bytes }, 'image processed');
    });
    this.on('failed', (job, err) => {
      const willRetry = !job?.finishedOn;
      logger[willRetry ? 'error' : 'warn']({ ...(job && about(job)), err, willRetry }, 'image failed');
    });
    this.on('stalled', (jobId) => logger.warn({ jobId }, 'job of a worker that died goes on here'));
    this.on('error', (err) => logger.debug({ err }, 'worker error'));
  }

  /** BullMQ's own hook: what it makes runs a job in a child, and this adds how such a run can end. */
  protected override createSandbox(processor: string | URL | Processor | null): void {
    super.createSandbox(processor);
    const runInChild = this.processFn;
    this.processFn = async (job, token, signal) => {
      // BullMQ 6.7 takes progress that Redis refuses, as when its memory is full, for the end of the job, and gives the next
      // one to the child that is still at work.
      const tell = job.updateProgress.bind(job);
      job.updateProgress = (progress) => tell(progress).catch(() => undefined);
      let timer: NodeJS.Timeout | undefined;
      const silence = new Promise<never>((_, reject) => {
        const error = new Error('the process that worked on this image did not answer');
        timer = setTimeout(() => reject(error), this.#silenceMs);
      });
      try {
        return await Promise.race([runInChild(job, token, signal), silence]);
      } catch (error) {
        // Cancelled, the child has ended itself.
        if (signal?.reason === REMOVED) throw new UnrecoverableError(REMOVED);
        // In these two the job goes back as it was, without counting as an attempt.
        if (signal?.aborted) {
          await job.moveToWait(token);
          throw new WaitingError();
        }
        if (isFullDisk(error)) {
          this.#logger.error({ jobId: job.id, err: error }, 'no room for the result; the job waits until there is');
          await job.moveToDelayed(Date.now() + NO_ROOM_PAUSE_MS, token);
          throw new DelayedError();
        }
        throw toReason(error);
      } finally {
        clearTimeout(timer);
      }
    };
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

/** Errors come from the child as plain objects, with what a `ServiceError` has. */
function isFullDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === ('STORAGE_FULL' satisfies ProblemCode);
}

/** The end of a child says why only by its signal: the person who sent the image is told in words. */
function toReason(error: unknown): unknown {
  const [, code, signal = ''] = CHILD_GONE.exec(error instanceof Error ? error.message : '') ?? [];
  if (code === undefined) return error;
  if (signal in endReasons) return new UnrecoverableError(endReasons[signal as keyof typeof endReasons]);
  const how = signal === 'null' ? `with exit code ${code}` : `by ${signal}`;
  return new Error(`the process that worked on this image was ended ${how}`, { cause: error });
}
