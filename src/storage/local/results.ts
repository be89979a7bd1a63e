import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { link, open, opendir, rename, rm } from 'node:fs/promises';
import { relative } from 'node:path';
import { projectRoot } from '../../shared/setting-types.ts';
import { type ResultId, type Results, resultName, resultPrefix } from '../storage.ts';
import { toStorageError } from '../storage-error.ts';
import { pathInside } from './paths.ts';
import { UNFINISHED } from './unfinished.ts';

/**
 * Stores all results in one folder.
 *
 * @param folder absolute path; created if it does not exist
 */
export function createResults(folder: string): Results {
  const operation = 'store the result';
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
        // Read in chunks, since the folder may contain a million files.
        for await (const { name } of await opendir(folder, { bufferSize: 1024 })) {
          if (name.startsWith(resultPrefix(batchId))) found.push(name);
        }
        for (const name of found) await rm(pathInside(folder, name), { force: true });
      } catch (cause) {
        // The folder does not exist before the first result.
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw toStorageError('remove the results', cause);
      }
    },

    async write(content) {
      // The temporary file is in the same folder, since a rename is atomic only within one file system. Its name is unique, since a
      // stalled job may still be writing while another worker runs it again.
      const written = randomUUID();
      const path = temporary(written);
      try {
        // Synchronous for the same reason as the reading of originals: only child processes write results.
        mkdirSync(folder, { recursive: true });
        writeFileSync(path, content);
      } catch (cause) {
        await rm(path, { force: true }).catch(() => undefined);
        throw toStorageError(operation, cause);
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
        throw toStorageError(operation, cause);
      }
    },

    // A hard link costs no space. Published results never change, so both names can share the content.
    async copy(sourceId, jobId, ...rest) {
      const path = temporary(randomUUID());
      try {
        await link(locate(sourceId, ...rest), path);
        await rename(path, locate(jobId, ...rest));
      } finally {
        // A rename does nothing if both names already have the same content, as when a job runs again.
        await rm(path, { force: true });
      }
    },
  };
}
