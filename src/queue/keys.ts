/**
 * The service's own Redis keys. All have the prefix with its hash tag, so that one script can use several of them on Redis Cluster.
 */
export function serviceKeys(prefix: string) {
  return {
    /** Sorted set: last virtual time of each client with waiting files; see `fair-scheduling.ts`. */
    virtualTimes: `${prefix}:turns`,
    /** Hash: ids of the storage that all processes of this queue use; see `storage-check.ts`. */
    storage: `${prefix}:storage`,
    /** For ten minutes: id for a storage location without one. */
    newStorageId: (address: string) => `${prefix}:storage:${address}`,
    /** Sorted set: announced batches whose originals are being stored, by the time of the announcement. */
    incoming: `${prefix}:incoming`,
    /** Sorted set: deletions in progress, by the time to resume them; see `batch-remover.ts`. */
    removing: `${prefix}:removing`,
    /** Sorted set: job ids of deleted files, by the time to delete their bytes again; see `file-remover.ts`. */
    removingFiles: `${prefix}:removing-files`,
    /** Record of a deleted batch. */
    removed: (batchId: string) => `${prefix}:removed:${batchId}`,
    /** Upload that was accepted with an `Idempotency-Key`; see `idempotency.ts`. */
    idempotency: (digest: string) => `${prefix}:idempotency:${digest}`,
    /** Id of the last job that made these results of this content; see `worker/result-reuse.ts`. */
    reuse: (digest: string) => `${prefix}:reuse:${digest}`,
    /** Prefix of the sorted sets of batches; see `batch-index.ts`. */
    list: `${prefix}:list:`,
    /** Prefix of the rate limiter's keys. */
    rate: `${prefix}:rate`,
    /** Sorted set: ids of workers, by the second at which they count as disconnected; see `connected-workers.ts`. */
    heartbeats: `${prefix}:heartbeats`,
    /** Channel for the ids of jobs to cancel. */
    cancel: `${prefix}:cancel`,
  };
}
/** See {@link serviceKeys}. */
export type ServiceKeys = ReturnType<typeof serviceKeys>;
