import type { Job, JobJson, Processor, WorkerOptions } from 'bullmq';
import { Worker } from '../queue/redis-packages.ts';
import { parseStored } from '../queue/stored-data.ts';

/**
 * Seconds after which a worker without jobs asks Redis again. A new job wakes it at once, unless a worker died just when it was woken, or
 * the connection is half-open. Shorter than the idle timeout of the connection, and than that of common proxies (30 s).
 */
const BLOCK_SECONDS = 25;

/**
 * A worker that treats corrupt job data as empty data, so that such a job can fail. BullMQ 6.7 throws while it takes such a job. The job
 * then counts as stalled, and BullMQ takes it again every few seconds, without end.
 */
export class TolerantWorker<Data, Result = unknown> extends Worker<Data, Result> {
  constructor(name: string, processor: Processor<Data, Result>, options: WorkerOptions) {
    super(name, processor, { drainDelay: BLOCK_SECONDS, ...options });
  }

  /** Overrides the 10 seconds of BullMQ for queues with delayed jobs. Our connections have an idle timeout, so they need no other. */
  override get maximumBlockTimeout(): number {
    return this.opts.drainDelay ?? BLOCK_SECONDS;
  }

  /** Overrides the BullMQ method that creates a job from the data in Redis. */
  protected override createJob(stored: JobJson, jobId: string): Job<Data, Result> {
    const data = parseStored(stored.data);
    const isUsable = typeof data === 'object' && data !== null;
    return super.createJob(isUsable ? stored : { ...stored, data: '{}' }, jobId);
  }
}
