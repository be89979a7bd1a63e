import type { Job, JobJson } from 'bullmq';
import { Worker } from '../queue/redis-packages.ts';
import { parseStored } from '../queue/stored-data.ts';

/**
 * A worker that treats corrupt job data as empty data, so that such a job can fail. BullMQ 6.7 throws while it takes such a job. The job
 * then counts as stalled, and BullMQ takes it again every few seconds, without end.
 */
export class TolerantWorker<Data, Result = unknown> extends Worker<Data, Result> {
  /** Overrides the BullMQ method that creates a job from the data in Redis. */
  protected override createJob(stored: JobJson, jobId: string): Job<Data, Result> {
    const data = parseStored(stored.data);
    const isUsable = typeof data === 'object' && data !== null;
    return super.createJob(isUsable ? stored : { ...stored, data: '{}' }, jobId);
  }
}
