import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { open, opendir, rename, rm } from 'node:fs/promises';
import { relative } from 'node:path';
import { projectRoot } from '../../shared/setting-types.ts';
import { type ResultId, type Results, resultName, resultPrefix } from '../storage.ts';
import { toStorageError } from '../storage-error.ts';
import { UNFINISHED } from './abandoned.ts';
import { pathInside } from './paths.ts';

/**
 * Keeps results side by side in one folder.
 *
 * @param folder absolute path; made when missing
 */
export function createResults(folder: string): Results {
  const act = 'store the result';
  const temporary = (written: string) => pathInside(folder, `.${written}${UNFINISHED}`);
  const locate = (...result: ResultId) => pathInside(folder, resultName(...result));

  return {
    find: (...result) => ({ path: locate(...result) }),

    outputPath: (...result) => relative(projectRoot, locate(...result)),

    read: async (...result) => createReadStream(locate(...result)),

    async remove(...result) {
      try {
        await rm(locate(...result), { force: true });
      } catch (cause) {
        throw toStorageError('remove the result', cause);
      }
    },

    async removeOfBatch(batchId) {
      try {
        const found: string[] = [];
        // In pieces: the folder may hold a million names.
        for await (const { name } of await opendir(folder, { bufferSize: 1024 })) {
          if (name.startsWith(resultPrefix(batchId))) found.push(name);
        }
        for (const name of found) await rm(pathInside(folder, name), { force: true });
      } catch (cause) {
        // Before the first result there is no folder.
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw toStorageError('remove the results', cause);
      }
    },

    async write(content) {
      // In the same folder, since only a rename within a file system is atomic; of a name of its own, since a job that
      // was taken for dead may still be writing while it runs again elsewhere.
      const written = randomUUID();
      const path = temporary(written);
      try {
        // Without threads, as originals are read: it is a child that writes.
        mkdirSync(folder, { recursive: true });
        writeFileSync(path, content);
      } catch (cause) {
        await rm(path, { force: true }).catch(() => undefined);
        throw toStorageError(act, cause);
      }
      return written;
    },

    async publish(written, ...result) {
      const path = temporary(written);
      try {
        const file = await open(path, 'r+');
        await file.datasync().finally(() => file.close());
        await rename(path, locate(...result));
      } catch (cause) {
        await rm(path, { force: true }).catch(() => undefined);
        throw toStorageError(act, cause);
      }
    },
  };
}
