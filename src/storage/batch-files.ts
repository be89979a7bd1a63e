import type { Storage } from './storage.ts';

/** A result, as the parts from which its name is derived. */
interface StoredResult {
  jobId: string;
  format: string;
  variant?: string | undefined;
}

/** Creates an object that removes the files of a batch. Files that do not exist are ignored. */
export function createBatchFiles({ originals, results }: Pick<Storage, 'originals' | 'results'>) {
  const removeResults = (found: readonly StoredResult[]) =>
    Promise.all(found.map(({ jobId, format, variant }) => results.remove(jobId, format, variant)));

  return {
    /**
     * Removes the originals and the results of a batch.
     *
     * @param possibleResults all results that the batch may have; `undefined` finds them by the batch id, which is slower
     */
    async remove(batchId: string, possibleResults: readonly StoredResult[] | undefined) {
      await originals.remove(batchId);
      if (!possibleResults) return results.removeOfBatch(batchId);
      await removeResults(possibleResults);
    },

    /** Removes the original of one file, and the given results. */
    async removeFile(batchId: string, index: number, possibleResults: readonly StoredResult[]) {
      await originals.removeFile(batchId, index);
      await removeResults(possibleResults);
    },
  };
}
