import type { Storage } from './storage.ts';

/** Creates an object that removes the files of a batch. Files that do not exist are ignored. */
export function createBatchFiles({ originals, results }: Pick<Storage, 'originals' | 'results'>) {
  return {
    /**
     * Removes the originals and the results of a batch.
     *
     * @param possibleResults all results that the batch may have; `undefined` finds them by the batch id, which is slower
     */
    async remove(
      batchId: string,
      possibleResults: readonly { jobId: string; format: string; variant?: string | undefined }[] | undefined,
    ) {
      await originals.remove(batchId);
      if (!possibleResults) return results.removeOfBatch(batchId);
      await Promise.all(possibleResults.map(({ jobId, format, variant }) => results.remove(jobId, format, variant)));
    },
  };
}
