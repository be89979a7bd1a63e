import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { LargeOriginal } from './storage.ts';

/**
 * Describes a large original in a file. Its methods use synchronous I/O: call them only from a child process.
 *
 * @param path absolute path
 * @param close removes the file if it is a temporary copy
 */
export function largeOriginal(path: string, close: () => Promise<void> = async () => {}): LargeOriginal {
  return {
    path,
    close,
    read: () => readFileSync(path),
    readHead(maxBytes) {
      const file = openSync(path, 'r');
      try {
        const head = Buffer.alloc(maxBytes);
        return head.subarray(0, readSync(file, head));
      } finally {
        closeSync(file);
      }
    },
  };
}
