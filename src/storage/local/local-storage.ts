import type { Config } from '../../shared/config.ts';
import type { Storage } from '../storage.ts';
import { readId } from '../storage-id.ts';
import { removeAbandoned } from './abandoned.ts';
import { createFreeSpaceCheck } from './free-space.ts';
import { folderIdFile } from './id-file.ts';
import { createOriginals } from './originals.ts';
import { createResults } from './results.ts';

/** Opens the storage of one machine: a folder of originals and one of results, made when missing. */
export function openFolders({
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
    checkRoom: createFreeSpaceCheck(folders, minFreeDiskBytes),
    async removeAbandoned(now) {
      const removed = await Promise.all(folders.map((folder) => removeAbandoned(folder, now)));
      return removed.reduce((sum, count) => sum + count, 0);
    },
  };
}
