import { type ResultId, type Results, resultName, resultPrefix, type StoredFile } from '../storage.ts';
import { toStorageError } from '../storage-error.ts';
import type { BucketClient } from './client.ts';

/**
 * Stores results as `processed/<name>`. A write to S3 is atomic, and a job that runs again makes the same bytes. So `write` stores a
 * result under its final name, and `publish` does nothing.
 *
 * @param deliver returns how a client reads the file with this key
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

    copy: (sourceId, jobId, ...rest) => bucket.copy(locate(sourceId, ...rest), locate(jobId, ...rest)),

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
