import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UNFINISHED_MAX_AGE_MS } from '../storage.ts';

/** Suffix of files and folders that are still being written. The last step renames them to their final names. */
export const UNFINISHED = '.unfinished';

/**
 * Removes the unfinished files and folders that killed processes left in a folder.
 *
 * @returns number of removed entries
 */
export async function removeUnfinished(folder: string, now = Date.now()): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(UNFINISHED)) continue;
    const path = join(folder, name);
    const entry = await stat(path).catch(() => undefined);
    if (!entry || now - entry.mtimeMs < UNFINISHED_MAX_AGE_MS) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}
