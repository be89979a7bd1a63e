import { statfs } from 'node:fs/promises';
import { ServiceError } from '../../shared/errors.ts';

/** `Retry-After` in seconds: about as long as the sweeper needs to remove expired batches. */
const RETRY_AFTER_SECONDS = 60;

/**
 * Creates a check of the free disk space.
 *
 * @param folders folders whose disks are checked
 * @param minFreeBytes bytes that must be free on each disk; 0 disables the check
 * @returns a function that throws `DISK_LOW` if a disk has less free space
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
    // The folder does not exist yet, or is broken. The next write creates it or fails.
    return Number.POSITIVE_INFINITY;
  }
}
