import { statfs } from 'node:fs/promises';
import { ServiceError } from '../../shared/errors.ts';

/** Seconds after which it may be tried again: about as long as it takes until old batches are removed. */
const RETRY_AFTER_SECONDS = 60;

/**
 * Makes the check whether the disks have room for more.
 *
 * @param folders on the disks in question
 * @param minFreeBytes bytes that must be free on each; 0 for no limit
 * @returns throws `DISK_LOW`
 */
export function createFreeSpaceCheck(folders: readonly string[], minFreeBytes: number): () => Promise<void> {
  return async () => {
    if (minFreeBytes === 0) return;
    const free = await Promise.all(folders.map(freeBytes));
    if (Math.min(...free) >= minFreeBytes) return;
    throw new ServiceError('DISK_LOW', [RETRY_AFTER_SECONDS], { retryAfterSeconds: RETRY_AFTER_SECONDS });
  };
}

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    // Not made yet, or broken: whoever writes there will hear of it.
    return Number.POSITIVE_INFINITY;
  }
}
