import type { Storage } from './storage.ts';

/** Makes what removes the files of a batch; what is not there is no fault. */
export function createBatchFiles({ originals, results }: Pick<Storage, 'originals' | 'results'>) {
  return {
    /** @param made the results that may be there, by what their names are derived from; `undefined` to find them by the batch's id */
    async remove(
      batchId: string,
      made: readonly { jobId: string; format: string; variant?: string | undefined }[] | undefined,
    ) {
      await originals.remove(batchId);
      if (!made) return results.removeOfBatch(batchId);
      await Promise.all(made.map(({ jobId, format, variant }) => results.remove(jobId, format, variant)));
    },
  };
}
