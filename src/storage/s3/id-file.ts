import { text } from 'node:stream/consumers';
import type { NewId } from '../storage.ts';
import type { IdFile } from '../storage-id.ts';
import type { BucketClient } from './client.ts';

/** Key of the object that holds the id of what is below the prefix. */
const ID_KEY = 'storage-id';

/**
 * The object that holds the id of a bucket's prefix. Not every server can store an object only where there is none, so processes that
 * create it at the same moment must store the same id.
 *
 * @param newId the id to create for an address, the same for all processes
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
