import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ABANDONED_AFTER_MS } from '../storage.ts';

/** Ends the name of everything that is still being written; a rename to the final name is the last step. */
export const UNFINISHED = '.unfinished';

/**
 * Removes what a killed process left half-written in a folder.
 *
 * @returns how many entries were removed
 */
export async function removeAbandoned(folder: string, now = Date.now()): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(UNFINISHED)) continue;
    const path = join(folder, name);
    const entry = await stat(path).catch(() => undefined);
    if (!entry || now - entry.mtimeMs < ABANDONED_AFTER_MS) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}
