import type { Config } from '../../shared/config.ts';
import type { Storage } from '../storage.ts';
import { readId } from '../storage-id.ts';
import { createFreeSpaceCheck } from './free-space.ts';
import { folderIdFile } from './id-file.ts';
import { createOriginals } from './originals.ts';
import { createResults } from './results.ts';
import { removeUnfinished } from './unfinished.ts';

/** Opens the local storage: one folder for originals and one for results, created when they are first needed. */
export function openLocalStorage({
  uploadDir,
  processedDir,
  minFreeDiskBytes,
}: Pick<Config, 'uploadDir' | 'processedDir' | 'minFreeDiskBytes'>): Storage {
  const folders = [uploadDir, processedDir];
  return {
    originals: createOriginals(uploadDir),
    results: createResults(processedDir),
    isRemote: false,
    identify: () =>
      Promise.all(
        Object.entries({ UPLOAD_DIR: uploadDir, PROCESSED_DIR: processedDir }).map(async ([setting, folder]) => {
          const file = folderIdFile(folder);
          return { setting, idFile: file.address, id: await readId(file) };
        }),
      ),
    checkFreeSpace: createFreeSpaceCheck(folders, minFreeDiskBytes),
    async removeUnfinished(now) {
      const removed = await Promise.all(folders.map((folder) => removeUnfinished(folder, now)));
      return removed.reduce((sum, count) => sum + count, 0);
    },
  };
}
