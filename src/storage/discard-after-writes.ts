import type { IncomingUpload } from './storage.ts';

/** Makes `discard` wait for the files that are still being written. Such a file would be created again after its deletion. */
export function discardAfterWrites(upload: IncomingUpload): IncomingUpload {
  const writes: Promise<unknown>[] = [];
  return {
    ...upload,
    add(...file) {
      const write = upload.add(...file);
      writes.push(write);
      return write;
    },
    async discard() {
      await Promise.allSettled(writes);
      await upload.discard();
    },
  };
}
