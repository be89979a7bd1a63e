import type { BucketConfig } from '../../shared/config.ts';
import { ABANDONED_AFTER_MS, type Storage, type StoredFile } from '../storage.ts';
import { readId } from '../storage-id.ts';
import { createBucketClient } from './client.ts';
import { bucketIdFile } from './id-file.ts';
import { createOriginals, INCOMING } from './originals.ts';
import { createResults } from './results.ts';

/** Opens a bucket as the storage of many machines. It asks nothing of the bucket yet. */
export function openBucket(config: BucketConfig): Storage {
  const bucket = createBucketClient(config);
  const deliver = (key: string): StoredFile =>
    config.redirects ? { sign: (answer) => bucket.sign(key, answer) } : { open: (range) => bucket.open(key, range) };
  return {
    originals: createOriginals(bucket, deliver),
    results: createResults(bucket, deliver),
    isRemote: true,
    async identify(newId) {
      const file = bucketIdFile(bucket, newId);
      return [{ setting: 'STORAGE_URL', idFile: file.address, id: await readId(file) }];
    },
    // A bucket has no end that could be seen coming.
    async checkRoom() {},
    async removeAbandoned(now = Date.now()) {
      let removed = 0;
      for await (const page of bucket.list(INCOMING)) {
        const old = page.filter(({ changedAt }) => now - changedAt >= ABANDONED_AFTER_MS);
        await bucket.remove(old.map(({ key }) => key));
        removed += old.length;
      }
      return removed;
    },
  };
}
