import { type Job, type JobJson, Worker } from 'bullmq';
import { parseStored } from '../queue/stored-data.ts';

/**
 * A worker that takes jobs whose stored data is broken as jobs without data, so that they can end. BullMQ 6.7 throws while it
 * takes such a job; the job then counts as stalled and is taken again every few seconds, without end.
 */
export class TolerantWorker<Data, Result = unknown> extends Worker<Data, Result> {
  /** BullMQ's own hook: makes a job of what Redis holds. */
  protected override createJob(stored: JobJson, jobId: string): Job<Data, Result> {
    const data = parseStored(stored.data);
    const isUsable = typeof data === 'object' && data !== null;
    return super.createJob(isUsable ? stored : { ...stored, data: '{}' }, jobId);
  }
}
