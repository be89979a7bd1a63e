import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { IdFile } from '../storage-id.ts';

/** Name of the file that holds the id of a folder. It is inside the folder, so that it moves with it. */
const ID_FILE = '.storage-id';

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** Returns the file that holds the id of a folder. The folder is created if it does not exist. */
export function folderIdFile(folder: string): IdFile {
  const address = join(folder, ID_FILE);
  return {
    address,

    async read() {
      try {
        return await readFile(address, 'utf8');
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },

    async create() {
      await mkdir(folder, { recursive: true });
      try {
        const file = await open(address, 'wx');
        try {
          await file.writeFile(randomUUID());
          await file.sync();
        } catch (error) {
          // A full disk leaves an empty file, which `readId` would never replace.
          await rm(address, { force: true });
          throw error;
        } finally {
          await file.close();
        }
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
    },
  };
}
