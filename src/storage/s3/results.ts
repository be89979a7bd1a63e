import { type ResultId, type Results, resultName, resultPrefix, type StoredFile } from '../storage.ts';
import { toStorageError } from '../storage-error.ts';
import type { BucketClient } from './client.ts';

/**
 * Keeps results as `processed/<name>`. A bucket shows an object whole or not at all, and a job that runs again makes the same
 * bytes, so that what is written is in its place at once.
 *
 * @param deliver how a client gets at a file
 */
export function createResults(bucket: BucketClient, deliver: (key: string) => StoredFile): Results {
  const folder = 'processed/';
  const locate = (...result: ResultId) => `${folder}${resultName(...result)}`;

  return {
    find: (...result) => deliver(locate(...result)),

    outputPath: (...result) => bucket.address(locate(...result)),

    read: async (...result) => (await bucket.open(locate(...result))).content,

    async write(content, ...result) {
      const key = locate(...result);
      try {
        await bucket.put(key, content);
      } catch (cause) {
        throw toStorageError('store the result', cause);
      }
      return key;
    },

    async publish() {},

    async remove(...result) {
      try {
        await bucket.remove([locate(...result)]);
      } catch (cause) {
        throw toStorageError('remove the result', cause);
      }
    },

    async removeOfBatch(batchId) {
      try {
        for await (const page of bucket.list(`${folder}${resultPrefix(batchId)}`)) {
          await bucket.remove(page.map(({ key }) => key));
        }
      } catch (cause) {
        throw toStorageError('remove the results', cause);
      }
    },
  };
}
