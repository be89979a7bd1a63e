import { text } from 'node:stream/consumers';
import type { NewId } from '../storage.ts';
import type { IdFile } from '../storage-id.ts';
import type { BucketClient } from './client.ts';

/** Key of the object that holds the id, relative to the configured prefix. */
const ID_KEY = 'storage-id';

/**
 * Returns the object that holds the id of a bucket's prefix. Some servers do not support conditional writes, so two processes may both
 * create the object. They must then store the same id.
 *
 * @param newId supplies the id for a new object, the same to all processes
 */
export function bucketIdFile(bucket: BucketClient, newId: NewId): IdFile {
  const address = bucket.address(ID_KEY);
  return {
    address,

    async read() {
      try {
        return await text((await bucket.open(ID_KEY)).content);
      } catch (error) {
        if ((error as { status?: number }).status === 404) return undefined;
        throw error;
      }
    },

    create: async () => bucket.put(ID_KEY, Buffer.from(await newId(address))),
  };
}
