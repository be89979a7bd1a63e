/**
 * The Redis keys that are the service's own, beside BullMQ's. All have the prefix with its hash tag, so that one script can
 * use several of them on Redis Cluster.
 */
export function serviceKeys(prefix: string) {
  return {
    /** Sorted set: last turn that each client with waiting files was given; see `fair-scheduling.ts`. */
    turns: `${prefix}:turns`,
    /** The ids of the storage that all processes of this queue use; see `storage-check.ts`. */
    storage: `${prefix}:storage`,
    /** For ten minutes: the id that a part of the storage gets, which has none yet. */
    newStorageId: (address: string) => `${prefix}:storage:${address}`,
    /** Sorted set: batches whose originals are being stored, by when that began. */
    incoming: `${prefix}:incoming`,
    /** Sorted set: removals that have begun, by when to look at them next; see `batch-remover.ts`. */
    removing: `${prefix}:removing`,
    /** That a batch was removed, and when. */
    removed: (batchId: string) => `${prefix}:removed:${batchId}`,
    /** What was accepted under an `Idempotency-Key`; see `idempotency.ts`. */
    idempotency: (digest: string) => `${prefix}:idempotency:${digest}`,
    /** First part of the rate limits' keys. */
    rate: `${prefix}:rate`,
    /** Channel on which workers are told the id of a job to cancel. */
    cancel: `${prefix}:cancel`,
  };
}
/** See {@link serviceKeys}. */
export type ServiceKeys = ReturnType<typeof serviceKeys>;
