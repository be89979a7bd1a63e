import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UNFINISHED } from './abandoned.ts';
import { pathInside } from './paths.ts';
import { toStorageError } from './storage-error.ts';

/** An upload that is being received. It exists for the worker only after `commit`. */
export interface IncomingUpload {
  /**
   * Writes one file, through to the disk.
   *
   * @param index place of the file in the upload, from 0
   * @returns its size in bytes
   */
  add(index: number, content: Readable): Promise<number>;
  /** The first bytes of a file that was added, `length` at most. */
  head(index: number, length: number): Promise<Uint8Array>;
  /** Makes the upload the originals of a batch, all at once, unless it has some already. */
  commit(batchId: string): Promise<void>;
  /** Removes every trace of the upload, committed or not. */
  discard(): Promise<void>;
}

/** The files as they were uploaded: `<folder>/<batchId>/<index>`. They stay, so that a job can be run again. */
export interface Originals {
  /** Begins to receive an upload. */
  receive(): Promise<IncomingUpload>;
  /** Absolute path of one original, whether it is there or not. */
  locate(batchId: string, index: number): string;
  /** Bytes of one original. */
  read(batchId: string, index: number): Promise<Uint8Array>;
  /** Removes those of a batch; when there are none nothing happens. */
  remove(batchId: string): Promise<void>;
}

/** A folder can be renamed onto an empty one only. */
function isThere(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** @param folder absolute path of the folder of the originals; made when missing */
export function createOriginals(folder: string): Originals {
  const act = 'store the upload';
  const locate: Originals['locate'] = (batchId, index) => pathInside(folder, batchId, String(index));

  return {
    locate,

    async receive() {
      const incoming = pathInside(folder, `${randomUUID()}${UNFINISHED}`);
      const ours = [incoming];
      try {
        await mkdir(incoming, { recursive: true });
      } catch (cause) {
        throw toStorageError(act, cause);
      }
      return {
        async add(index, content) {
          // `flush` waits for the disk itself: what is acknowledged must outlive a power cut.
          const file = createWriteStream(pathInside(incoming, String(index)), { flags: 'wx', flush: true });
          // Whichever breaks first takes the other along. Only the disk's fault is ours; a client that hangs up is not.
          let isOurFault = true;
          content.once('error', () => {
            isOurFault = file.errored !== null;
          });
          await pipeline(content, file).catch((error) => {
            throw isOurFault ? toStorageError(act, error) : error;
          });
          return file.bytesWritten;
        },

        async head(index, length) {
          try {
            const file = await open(pathInside(incoming, String(index)));
            try {
              const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, 0);
              return buffer.subarray(0, bytesRead);
            } finally {
              await file.close();
            }
          } catch (cause) {
            throw toStorageError(act, cause);
          }
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
          // A folder that cannot be removed now must not hide why the upload failed.
          await Promise.allSettled(ours.map((path) => rm(path, { recursive: true, force: true })));
        },
      };
    },

    async read(batchId, index) {
      try {
        return await readFile(locate(batchId, index));
      } catch (cause) {
        throw toStorageError('read the original', cause);
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
