import { randomUUID } from 'node:crypto';
import { constants, readFileSync, statSync } from 'node:fs';
import { copyFile, type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { discardAfterWrites } from '../discard-after-writes.ts';
import { largeOriginal } from '../large-original.ts';
import { MAX_BYTES_IN_MEMORY, type Originals } from '../storage.ts';
import { toReadError, toStorageError } from '../storage-error.ts';
import { pathInside } from './paths.ts';
import { UNFINISHED } from './unfinished.ts';

/**
 * Chunks are collected up to this many bytes and written together. Writing each chunk as it arrives costs the API about 50% more.
 */
const WRITE_BYTES = 1024 * 1024;

/** Writes all chunks. The operating system may write only a part of them at first. */
async function writeChunks(file: FileHandle, chunks: Buffer[], bytes: number): Promise<void> {
  if (bytes === 0) return;
  const { bytesWritten } = await file.writev(chunks);
  if (bytesWritten < bytes) await file.appendFile(Buffer.concat(chunks).subarray(bytesWritten));
}

/** Error codes of a hard link to another file system, on one without hard links, or beyond their maximum number. */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Deletes a folder, if it exists. */
const remove = (path: string) => rm(path, { recursive: true, force: true });

/** Returns whether a rename failed because the target folder exists and is not empty. */
function isTargetTaken(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * Stores originals as `<folder>/<batchId>/<index>`.
 *
 * @param folder absolute path; created if it does not exist
 */
export function createOriginals(folder: string): Originals {
  const operation = 'store the upload';
  const locate = (batchId: string, index: number) => pathInside(folder, batchId, String(index));

  /** Writes a new file and flushes it to the disk. Returns its size and its leading bytes. */
  async function write(path: string, content: AsyncIterable<Buffer>, headLength: number) {
    // Only disk errors become storage errors. Errors of `content`, such as a disconnected client, are passed on unchanged.
    const onDisk = <T>(work: Promise<T>) => work.catch((cause) => Promise.reject(toStorageError(operation, cause)));
    // Do not await this before reading `content`: an error of `content` that comes meanwhile would have no handler.
    const opening = onDisk(open(path, 'wx'));
    opening.catch(() => undefined);
    try {
      let [size, head, pending, pendingBytes] = [0, Buffer.alloc(0), [] as Buffer[], 0];
      for await (const chunk of content) {
        if (head.length < headLength) head = Buffer.concat([head, chunk.subarray(0, headLength - head.length)]);
        size += chunk.length;
        pendingBytes += chunk.length;
        pending.push(chunk);
        if (pendingBytes < WRITE_BYTES) continue;
        await onDisk(writeChunks(await opening, pending, pendingBytes));
        [pending, pendingBytes] = [[], 0];
      }
      const file = await opening;
      await onDisk(writeChunks(file, pending, pendingBytes));
      // An acknowledged upload must survive a power failure.
      await onDisk(file.datasync());
      return { size, head };
    } finally {
      const file = await opening.catch(() => undefined);
      await file?.close();
    }
  }

  return {
    find: (batchId, index) => ({ path: locate(batchId, index) }),

    async receive() {
      const incoming = pathInside(folder, `${randomUUID()}${UNFINISHED}`);
      const ownFolders = [incoming];
      try {
        await mkdir(incoming, { recursive: true });
      } catch (cause) {
        throw toStorageError(operation, cause);
      }
      return discardAfterWrites({
        add: (index, content, headLength) => write(pathInside(incoming, String(index)), content, headLength),

        async copy(index, batchId, originalIndex) {
          const [source, target] = [locate(batchId, originalIndex), pathInside(incoming, String(index))];
          try {
            // A hard link costs no space. Originals never change, so both batches can share the content.
            await link(source, target).catch(async (error) => {
              if (!NO_LINK.has(error.code)) throw error;
              await copyFile(source, target, constants.COPYFILE_FICLONE);
              const file = await open(target, 'r+');
              await file.datasync().finally(() => file.close());
            });
          } catch (cause) {
            throw toReadError(cause);
          }
        },

        async commit(batchId) {
          const committed = pathInside(folder, batchId);
          try {
            await rename(incoming, committed);
            ownFolders.push(committed);
          } catch (cause) {
            // A batch id is used twice only for a repeat of the same upload: the existing originals are equal, and may be in use.
            if (isTargetTaken(cause)) return remove(incoming).catch(() => undefined);
            throw toStorageError(operation, cause);
          }
        },

        async discard() {
          // An error here must not hide the reason why the upload failed.
          await Promise.allSettled(ownFolders.map(remove));
        },
      });
    },

    async add(batchId, index, content, headLength) {
      // Beside the folder of the batch, which may be deleted meanwhile.
      const unfinished = pathInside(folder, `${randomUUID()}${UNFINISHED}`);
      try {
        const written = await write(unfinished, content, headLength);
        await rename(unfinished, locate(batchId, index)).catch((cause) => Promise.reject(toReadError(cause)));
        return written;
      } catch (error) {
        await remove(unfinished).catch(() => undefined);
        throw error;
      }
    },

    async read(batchId, index) {
      try {
        // Only child processes read originals, and they have nothing else to do. Asynchronous I/O costs more than the read itself.
        const path = locate(batchId, index);
        return statSync(path).size > MAX_BYTES_IN_MEMORY ? largeOriginal(path) : readFileSync(path);
      } catch (cause) {
        throw toReadError(cause);
      }
    },

    async removeFile(batchId, index) {
      try {
        await rm(locate(batchId, index), { force: true });
      } catch (cause) {
        throw toStorageError('remove the original', cause);
      }
    },

    async remove(batchId) {
      try {
        await remove(pathInside(folder, batchId));
      } catch (cause) {
        throw toStorageError('remove the originals', cause);
      }
    },
  };
}
