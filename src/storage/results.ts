import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Readable } from 'node:stream';
import { type FormatName, projectRoot } from '../shared/setting-types.ts';
import { UNFINISHED } from './abandoned.ts';
import { pathInside } from './paths.ts';
import { toStorageError } from './storage-error.ts';

/** What the worker makes: `<folder>/processed-<jobId>[-<variant>].<extension>`. */
export interface Results {
  /**
   * Writes a result where nobody looks for it yet.
   *
   * @returns the name under which `publish` finds it
   */
  write(content: Uint8Array): Promise<string>;
  /**
   * Puts what was written in its place, through to the disk: whole or not at all. One that is there already is replaced.
   *
   * @param written name that `write` gave it
   * @param variant name of the result where a file has several
   */
  publish(written: string, jobId: string, format: FormatName, variant?: string): Promise<void>;
  /** Path of a result relative to the project, whether it is there or not. */
  outputPath(jobId: string, format: FormatName, variant?: string): string;
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
  const act = 'store the result';
  const temporary = (written: string) => pathInside(folder, `.${written}${UNFINISHED}`);
  const locate: Results['locate'] = (jobId, format, variant) => {
    const suffix = variant === undefined ? '' : `-${variant}`;
    return pathInside(folder, `processed-${jobId}${suffix}.${fileExtension(format)}`);
  };

  return {
    locate,

    outputPath: (...result) => relative(projectRoot, locate(...result)),

    read: (...result) => createReadStream(locate(...result)),

    async remove(...result) {
      try {
        await rm(locate(...result), { force: true });
      } catch (cause) {
        throw toStorageError('remove the result', cause);
      }
    },

    async write(content) {
      // In the same folder, since only a rename within a file system is atomic; of a name of its own, since a job that
      // was taken for dead may still be writing while it runs again elsewhere.
      const written = randomUUID();
      const path = temporary(written);
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(path, content);
      } catch (cause) {
        await rm(path, { force: true }).catch(() => undefined);
        throw toStorageError(act, cause);
      }
      return written;
    },

    async publish(written, ...result) {
      const path = temporary(written);
      try {
        const file = await open(path, 'r+');
        await file.datasync().finally(() => file.close());
        await rename(path, locate(...result));
      } catch (cause) {
        await rm(path, { force: true }).catch(() => undefined);
        throw toStorageError(act, cause);
      }
    },
  };
}
