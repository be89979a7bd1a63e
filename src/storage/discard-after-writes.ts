import type { IncomingUpload } from './storage.ts';

/** Makes `discard` wait for the files that are still being written. Such a file would be created again after its deletion. */
export function discardAfterWrites(upload: IncomingUpload): IncomingUpload {
  const writes: Promise<unknown>[] = [];
  const track = <T>(write: Promise<T>) => {
    writes.push(write);
    return write;
  };
  return {
    ...upload,
    add: (...file) => track(upload.add(...file)),
    copy: (...file) => track(upload.copy(...file)),
    async discard() {
      await Promise.allSettled(writes);
      await upload.discard();
    },
  };
}
