import type { S3Config } from '../../shared/config.ts';
import { type Storage, type StoredFile, UNFINISHED_MAX_AGE_MS } from '../storage.ts';
import { readId } from '../storage-id.ts';
import { createBucketClient } from './client.ts';
import { bucketIdFile } from './id-file.ts';
import { createOriginals, INCOMING } from './originals.ts';
import { createResults } from './results.ts';
import { removeTemporaryFiles } from './temporary-file.ts';

/** Opens the S3 storage. Sends no request yet. */
export function openS3Storage(config: S3Config): Storage {
  const bucket = createBucketClient(config);
  const deliver = (key: string): StoredFile =>
    config.redirects
      ? { sign: (response) => bucket.sign(key, response) }
      : { open: (range) => bucket.open(key, range) };
  return {
    originals: createOriginals(bucket, deliver),
    results: createResults(bucket, deliver),
    isRemote: true,
    async identify(newId) {
      const file = bucketIdFile(bucket, newId);
      return [{ setting: 'STORAGE_URL', idFile: file.address, id: await readId(file) }];
    },
    // S3 does not report free space.
    async checkFreeSpace() {},
    async removeUnfinished(now = Date.now()) {
      let removed = await removeTemporaryFiles(now);
      for await (const page of bucket.list(INCOMING)) {
        const unfinished = page.filter(({ changedAt }) => now - changedAt >= UNFINISHED_MAX_AGE_MS);
        await bucket.remove(unfinished.map(({ key }) => key));
        removed += unfinished.length;
      }
      return removed;
    },
  };
}
