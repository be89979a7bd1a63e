import type { Queue } from 'bullmq';
import { z } from 'zod';
import { imageJobId } from './names.ts';
import { isUnreadable } from './stored-data.ts';

const owned = z.object({ owner: z.string().optional() });

/**
 * Reads the owner of a batch, even if some of its stored data cannot be read: from the batch's job, or else from the job of its first
 * file.
 *
 * @returns name of the API key. `undefined` if the service required no key, or if neither job can be read. Then no client with a key
 *   can access the batch.
 */
export async function readOwner(
  { images, batches }: { images: Queue; batches: Queue },
  batchId: string,
): Promise<string | undefined> {
  const reads = [() => batches.getJob(batchId), () => images.getJob(imageJobId(batchId, 0))];
  for (const read of reads) {
    try {
      return owned.parse((await read())?.data).owner;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
  }
  return undefined;
}
