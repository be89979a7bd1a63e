import type { Queue } from 'bullmq';

/**
 * Raw keys of BullMQ 6.7. The service reads them where BullMQ's own methods would cost more round trips or search the backlog.
 * They are internals of BullMQ, so package.json pins its exact version.
 */
export function bullmqKeys(queue: Pick<Queue, 'toKey'>) {
  return {
    /**
     * Hash: the job, with the fields `data`, `timestamp`, `ats` (number of starts), `progress`, `finishedOn`, `returnvalue` (JSON) and
     * `failedReason`.
     */
    job: (jobId: string) => queue.toKey(jobId),
    /** String: exists while a worker holds the job. */
    lock: (jobId: string) => `${queue.toKey(jobId)}:lock`,
    /** Set: full keys of the children of a job that have not ended. */
    dependencies: (jobId: string) => queue.toKey(`${jobId}:dependencies`),
    /** Hash: results of the children that completed, by their full keys. */
    processed: (jobId: string) => queue.toKey(`${jobId}:processed`),
    /** Hash: reasons of the children that failed, by their full keys. */
    failedChildren: (jobId: string) => queue.toKey(`${jobId}:failed`),
    /** Sorted set: waiting jobs by priority. The score is priority × 2³² + a counter. */
    prioritized: queue.toKey('prioritized'),
    /** List: waiting jobs without a priority. */
    wait: queue.toKey('wait'),
    /** Sorted set: delayed jobs by the time at which they are due, × 4096. */
    delayed: queue.toKey('delayed'),
    /** List: jobs that workers hold. */
    active: queue.toKey('active'),
    /** Sorted set: jobs that wait for their children, by the time since when. */
    waitingChildren: queue.toKey('waiting-children'),
    /** Sorted sets: ended jobs by the time of their end. */
    completed: queue.toKey('completed'),
    failed: queue.toKey('failed'),
    /** Stream: the events of the jobs, of which BullMQ keeps about 10,000. */
    events: queue.toKey('events'),
    /** Sorted set: ids of the job schedulers, by the time of their next job. */
    schedulers: queue.toKey('repeat'),
    /** Hashes: the field `count` is the number of jobs that have ended so. */
    completedMetrics: queue.toKey('metrics:completed'),
    failedMetrics: queue.toKey('metrics:failed'),
  };
}

/** Field of this service in the hash of a batch's job: when the batch was cancelled, in milliseconds since 1970. BullMQ ignores it. */
export const CANCELLED_AT = 'cancelledAt';

/** Field of this service in the hash of a file's job: when the file was deleted, in milliseconds since 1970. BullMQ ignores it. */
export const DELETED_AT = 'deletedAt';

/** The job id in the full key of a job. */
export function jobIdOfKey(queue: Pick<Queue, 'toKey'>, key: string): string {
  return key.slice(queue.toKey('').length);
}
