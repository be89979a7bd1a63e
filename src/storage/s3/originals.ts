import { randomUUID } from 'node:crypto';
import { addAbortSignal, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { discardAfterWrites } from '../discard-after-writes.ts';
import { type IncomingUpload, MAX_BYTES_IN_MEMORY, type Originals, type StoredFile } from '../storage.ts';
import { toReadError, toStorageError } from '../storage-error.ts';
import type { BucketClient } from './client.ts';
import { copyToDisk } from './temporary-file.ts';

/** Time limit for reading the content of one original, and the rate at which a large one must arrive beyond it. */
const READ_TIMEOUT_MS = 30_000;
const LEAST_BYTES_PER_MS = 5000;
/** Key prefix of uploads in progress. Each upload has its own id below it. */
export const INCOMING = 'incoming/';

/**
 * Stores originals as `originals/<batchId>/<index>`. S3 has no rename, so `commit` copies the files within the bucket. An upload in
 * progress is stored under its own id, so that a rejected upload never changes the originals of a batch.
 *
 * @param deliver returns how a client reads the file with this key
 */
export function createOriginals(bucket: BucketClient, deliver: (key: string) => StoredFile): Originals {
  const operation = 'store the upload';
  const folder = (batchId: string) => `originals/${batchId}/`;
  const locate = (batchId: string, index: number) => `${folder(batchId)}${index}`;

  async function keysOf(batchId: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of bucket.list(folder(batchId))) keys.push(...page.map(({ key }) => key));
    return keys;
  }

  /** Writes an object as its content arrives. Returns its size and its leading bytes. */
  async function write(key: string, content: AsyncIterable<Buffer>, headLength: number) {
    let [size, head, failure] = [0, Buffer.alloc(0), undefined as { error: unknown } | undefined];
    async function* observed() {
      try {
        for await (const chunk of content) {
          if (head.length < headLength) head = Buffer.concat([head, chunk.subarray(0, headLength - head.length)]);
          size += chunk.length;
          yield chunk;
        }
      } catch (error) {
        failure = { error };
        throw error;
      }
    }
    try {
      await bucket.stream(key, Readable.from(observed(), { objectMode: false }));
    } catch (cause) {
      // Only errors of the S3 server become storage errors. Errors of `content` are passed on unchanged.
      throw failure ? failure.error : toStorageError(operation, cause);
    }
    return { size, head };
  }

  return {
    // The second pass of a deletion removes an object that is stored after the first.
    add: (batchId, index, content, headLength) => write(locate(batchId, index), content, headLength),

    find: (batchId, index) => deliver(locate(batchId, index)),

    async receive() {
      const incoming = `${INCOMING}${randomUUID()}/`;
      const indexes: number[] = [];
      const ownKeys: string[] = [];
      const add: IncomingUpload['add'] = (index, content, headLength) => {
        indexes.push(index);
        ownKeys.push(`${incoming}${index}`);
        return write(`${incoming}${index}`, content, headLength);
      };
      return discardAfterWrites({
        add,

        async copy(index, batchId, originalIndex) {
          indexes.push(index);
          ownKeys.push(`${incoming}${index}`);
          try {
            await bucket.copy(locate(batchId, originalIndex), `${incoming}${index}`);
          } catch (cause) {
            throw toReadError(cause);
          }
        },

        async commit(batchId) {
          try {
            // A batch id is used twice only for a repeat of the same upload: the existing originals are equal, and may be in use.
            if ((await keysOf(batchId)).length < indexes.length) {
              ownKeys.push(...indexes.map((index) => locate(batchId, index)));
              const copies = indexes.map((index) => bucket.copy(`${incoming}${index}`, locate(batchId, index)));
              // If one copy fails, wait for the others too: a copy that ends after `discard` would leave an object behind.
              await Promise.allSettled(copies);
              await Promise.all(copies);
            }
          } catch (cause) {
            throw toStorageError(operation, cause);
          }
          // If this fails, the sweeper removes the objects later.
          void bucket.remove(indexes.map((index) => `${incoming}${index}`)).catch(() => undefined);
        },

        async discard() {
          // An error here must not hide the reason why the upload failed.
          await bucket.remove(ownKeys).catch(() => undefined);
        },
      });
    },

    async read(batchId, index) {
      try {
        const { content, length } = await bucket.open(locate(batchId, index));
        const timeoutMs = READ_TIMEOUT_MS + Math.ceil(length / LEAST_BYTES_PER_MS);
        const limited = addAbortSignal(AbortSignal.timeout(timeoutMs), content);
        return await (length > MAX_BYTES_IN_MEMORY ? copyToDisk(limited) : buffer(limited));
      } catch (cause) {
        throw toReadError(cause);
      }
    },

    async removeFile(batchId, index) {
      try {
        await bucket.remove([locate(batchId, index)]);
      } catch (cause) {
        throw toStorageError('remove the original', cause);
      }
    },

    async remove(batchId) {
      try {
        await bucket.remove(await keysOf(batchId));
      } catch (cause) {
        throw toStorageError('remove the originals', cause);
      }
    },
  };
}
