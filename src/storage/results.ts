import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Readable } from 'node:stream';
import { type FormatName, projectRoot } from '../shared/setting-types.ts';
import { UNFINISHED } from './abandoned.ts';
import { pathInside } from './paths.ts';
import { toStorageError } from './storage-error.ts';

/** What the worker makes: `<folder>/processed-<jobId>[-<variant>].<extension>`. */
export interface Results {
  /**
   * Stores a result whole or not at all; one that is there already is replaced.
   *
   * @param variant name of the result where a file has several
   * @returns its path relative to the project
   */
  save(jobId: string, format: FormatName, content: Uint8Array, variant?: string): Promise<string>;
  /** Absolute path of a result, whether it is there or not. */
  locate(jobId: string, format: FormatName, variant?: string): string;
  /** Bytes of a result; the stream fails when it is not there. Whoever does not read it to its end destroys it. */
  read(jobId: string, format: FormatName, variant?: string): Readable;
  /** Removes a result; when there is none nothing happens. */
  remove(jobId: string, format: FormatName, variant?: string): Promise<void>;
}

/** What the name of a file of this format ends with, without the dot. */
export function fileExtension(format: FormatName): string {
  return format === 'jpeg' ? 'jpg' : format;
}

/** @param folder absolute path of the folder of the results; made when missing */
export function createResults(folder: string): Results {
  const locate: Results['locate'] = (jobId, format, variant) => {
    const suffix = variant === undefined ? '' : `-${variant}`;
    return pathInside(folder, `processed-${jobId}${suffix}.${fileExtension(format)}`);
  };

  return {
    locate,

    read: (...result) => createReadStream(locate(...result)),

    async remove(...result) {
      try {
        await rm(locate(...result), { force: true });
      } catch (cause) {
        throw toStorageError('remove the result', cause);
      }
    },

    async save(jobId, format, content, variant) {
      const path = locate(jobId, format, variant);
      // In the same folder, since only a rename within a file system is atomic; of a name of its own, since a job that
      // was taken for dead may still be writing while it runs again elsewhere.
      const temporary = pathInside(folder, `.${randomUUID()}${UNFINISHED}`);
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(temporary, content, { flush: true });
        await rename(temporary, path);
      } catch (cause) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw toStorageError('store the result', cause);
      }
      return relative(projectRoot, path);
    },
  };
}
