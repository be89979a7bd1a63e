import type { Queue } from 'bullmq';
import { z } from 'zod';
import { imageJobId } from './names.ts';
import { isUnreadable } from './stored-data.ts';

const owned = z.object({ owner: z.string().optional() });

/**
 * Finds out to whom a batch belongs, even if some of its stored data cannot be read: the batch's own job says so, and else its
 * first file's job does.
 *
 * @returns name of the API key; `undefined` for a batch of a service that is open to all, and when neither job can be read:
 *   then no client with a key gets at the batch
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
