import { randomUUID } from 'node:crypto';
import { addAbortSignal, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { IncomingUpload, Originals, StoredFile } from '../storage.ts';
import { toReadError, toStorageError } from '../storage-error.ts';
import type { BucketClient } from './client.ts';

/** Milliseconds in which an original must have come. */
const READ_MS = 30_000;
/** Below this is what is still being received, each upload under an id of its own. */
export const INCOMING = 'incoming/';

/**
 * Keeps originals as `originals/<batchId>/<index>`. A bucket renames nothing, so a commit copies within the bucket: what was
 * received under another id can be told from the originals of a batch, and an upload that is refused touches none of them.
 *
 * @param deliver how a client gets at a file
 */
export function createOriginals(bucket: BucketClient, deliver: (key: string) => StoredFile): Originals {
  const act = 'store the upload';
  const folder = (batchId: string) => `originals/${batchId}/`;
  const locate = (batchId: string, index: number) => `${folder(batchId)}${index}`;

  async function keysOf(batchId: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of bucket.list(folder(batchId))) keys.push(...page.map(({ key }) => key));
    return keys;
  }

  return {
    find: (batchId, index) => deliver(locate(batchId, index)),

    async receive() {
      const incoming = `${INCOMING}${randomUUID()}/`;
      const indexes: number[] = [];
      const ours: string[] = [];
      const writes: Promise<unknown>[] = [];
      const store: IncomingUpload['add'] = async (index, content, headLength) => {
        let [size, head, fault] = [0, Buffer.alloc(0), undefined as { error: unknown } | undefined];
        async function* observed() {
          try {
            for await (const piece of content) {
              if (head.length < headLength) head = Buffer.concat([head, piece.subarray(0, headLength - head.length)]);
              size += piece.length;
              yield piece;
            }
          } catch (error) {
            fault = { error };
            throw error;
          }
        }
        indexes.push(index);
        ours.push(`${incoming}${index}`);
        try {
          await bucket.stream(`${incoming}${index}`, Readable.from(observed(), { objectMode: false }));
        } catch (cause) {
          // Only the bucket's fault is ours; a client that hangs up is not.
          throw fault ? fault.error : toStorageError(act, cause);
        }
        return { size, head };
      };
      return {
        add(...file) {
          const write = store(...file);
          writes.push(write);
          return write;
        },

        async commit(batchId) {
          try {
            // Only the same upload is sent again under its old id: what is there already is the same, and may be in use.
            if ((await keysOf(batchId)).length < indexes.length) {
              ours.push(...indexes.map((index) => locate(batchId, index)));
              const copies = indexes.map((index) => bucket.copy(`${incoming}${index}`, locate(batchId, index)));
              // One that is still under way would come after what is removed for another.
              await Promise.allSettled(copies);
              await Promise.all(copies);
            }
          } catch (cause) {
            throw toStorageError(act, cause);
          }
          // What is left of it costs little, and is swept later.
          void bucket.remove(indexes.map((index) => `${incoming}${index}`)).catch(() => undefined);
        },

        async discard() {
          // A file that is still being written would be created again after its deletion.
          await Promise.allSettled(writes);
          // An error here must not hide why the upload failed.
          await bucket.remove(ours).catch(() => undefined);
        },
      };
    },

    async read(batchId, index) {
      try {
        const { content } = await bucket.open(locate(batchId, index));
        return await buffer(addAbortSignal(AbortSignal.timeout(READ_MS), content));
      } catch (cause) {
        throw toReadError(cause);
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
