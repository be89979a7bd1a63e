import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import type { IncomingUpload, Originals } from '../storage.ts';
import { toReadError, toStorageError } from '../storage-error.ts';
import { UNFINISHED } from './abandoned.ts';
import { pathInside } from './paths.ts';

/**
 * Bytes of a file that are kept until they are written together: a file of which each piece goes to the disk as it comes
 * costs the API half as much again.
 */
const WRITE_BYTES = 1024 * 1024;

/** Writes all of the pieces, which the system may take in part. */
async function write(file: FileHandle, pieces: Buffer[], bytes: number): Promise<void> {
  if (bytes === 0) return;
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten < bytes) await file.appendFile(Buffer.concat(pieces).subarray(bytesWritten));
}

/** A folder can be renamed onto an empty one only. */
function isThere(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * Keeps originals as `<folder>/<batchId>/<index>`.
 *
 * @param folder absolute path; made when missing
 */
export function createOriginals(folder: string): Originals {
  const act = 'store the upload';
  const locate = (batchId: string, index: number) => pathInside(folder, batchId, String(index));

  return {
    find: (batchId, index) => ({ path: locate(batchId, index) }),

    async receive() {
      const incoming = pathInside(folder, `${randomUUID()}${UNFINISHED}`);
      const ours = [incoming];
      const writes: Promise<unknown>[] = [];
      try {
        await mkdir(incoming, { recursive: true });
      } catch (cause) {
        throw toStorageError(act, cause);
      }
      const store: IncomingUpload['add'] = async (index, content, headLength) => {
        // Only the disk's fault is ours; a client that hangs up is not.
        const onDisk = <T>(work: Promise<T>) => work.catch((cause) => Promise.reject(toStorageError(act, cause)));
        // Not waited for before the content is listened to: its error would be nobody's.
        const opening = onDisk(open(pathInside(incoming, String(index)), 'wx'));
        opening.catch(() => undefined);
        try {
          let [size, head, pending, pendingBytes] = [0, Buffer.alloc(0), [] as Buffer[], 0];
          for await (const piece of content) {
            if (head.length < headLength) head = Buffer.concat([head, piece.subarray(0, headLength - head.length)]);
            size += piece.length;
            pendingBytes += piece.length;
            pending.push(piece);
            if (pendingBytes < WRITE_BYTES) continue;
            await onDisk(write(await opening, pending, pendingBytes));
            [pending, pendingBytes] = [[], 0];
          }
          const file = await opening;
          await onDisk(write(file, pending, pendingBytes));
          // What is acknowledged must outlive a power cut.
          await onDisk(file.datasync());
          return { size, head };
        } finally {
          const file = await opening.catch(() => undefined);
          await file?.close();
        }
      };
      return {
        add(...file) {
          const write = store(...file);
          writes.push(write);
          return write;
        },

        async commit(batchId) {
          const committed = pathInside(folder, batchId);
          try {
            await rename(incoming, committed);
            ours.push(committed);
          } catch (cause) {
            // Only the same upload is sent again under its old id: what is there already is the same, and may be in use.
            if (isThere(cause)) return;
            throw toStorageError(act, cause);
          }
        },

        async discard() {
          // A file that is still being written would be created again after its deletion.
          await Promise.allSettled(writes);
          // An error here must not hide why the upload failed.
          await Promise.allSettled(ours.map((path) => rm(path, { recursive: true, force: true })));
        },
      };
    },

    async read(batchId, index) {
      try {
        // Only a child reads originals, which has nothing else to do; to have a thread of Node do it costs more than the reading.
        return readFileSync(locate(batchId, index));
      } catch (cause) {
        throw toReadError(cause);
      }
    },

    async remove(batchId) {
      try {
        await rm(pathInside(folder, batchId), { recursive: true, force: true });
      } catch (cause) {
        throw toStorageError('remove the originals', cause);
      }
    },
  };
}
