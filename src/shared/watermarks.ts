import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, readJsonFile } from './config.ts';

const PNG_SIGNATURE = '89504e470d0a1a0a';
const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/i;
const names = z.record(z.string(), z.string({ error: 'must be the path of a PNG file' }), {
  error: 'must be a JSON object of PNG files by name',
});

/**
 * Reads the watermarks that the operator offers.
 *
 * @param path path of `WATERMARKS_FILE`; `undefined` if there are none
 * @returns path of each PNG file, by its name
 * @throws {ConfigError} with all invalid entries
 */
export function readWatermarks(path: string | undefined): Record<string, string> {
  if (path === undefined) return {};
  const { data, error } = names.safeParse(readJsonFile('WATERMARKS_FILE', path));
  const problems =
    error?.issues.map((issue) => `${issue.path.join('.') || 'the file'} ${issue.message}`) ??
    Object.entries(data ?? {}).flatMap(([name, file]) => {
      if (!NAME.test(name)) return [`${name} must be 1 to 32 letters, digits, _ or -`];
      const problem = problemOf(resolve(dirname(path), file));
      return problem === undefined ? [] : [`${name} ${problem}: ${file}`];
    });
  if (problems.length > 0) {
    throw new ConfigError(`WATERMARKS_FILE is invalid. Fix these entries of the file:\n  ${problems.join('\n  ')}`);
  }
  return Object.fromEntries(Object.entries(data ?? {}).map(([name, file]) => [name, resolve(dirname(path), file)]));
}

function problemOf(file: string): string | undefined {
  const head = Buffer.alloc(PNG_SIGNATURE.length / 2);
  try {
    const descriptor = openSync(file, 'r');
    readSync(descriptor, head);
    closeSync(descriptor);
  } catch (error) {
    return `cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
  return head.toString('hex') === PNG_SIGNATURE ? undefined : 'is not a PNG file';
}

/** Returns the SHA-256 of each watermark, by its name. */
export function hashWatermarks(path: string | undefined): Record<string, string> {
  const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
  return Object.fromEntries(Object.entries(readWatermarks(path)).map(([name, file]) => [name, hash(file)]));
}

/**
 * Creates a function that returns a watermark by its name. It reads each file once, when it is first needed.
 *
 * @param path path of `WATERMARKS_FILE`
 */
export function createWatermarks(path: string | undefined): (name: string) => Uint8Array {
  let files: Record<string, string> | undefined;
  const contents = new Map<string, Uint8Array>();
  return (name) => {
    // Only an image that needs a watermark may fail if the files have changed since the start of the worker.
    files ??= readWatermarks(path);
    const file = Object.hasOwn(files, name) ? files[name] : undefined;
    if (file === undefined) throw new Error(`WATERMARKS_FILE of this worker has no watermark ${name}`);
    const content = contents.get(name) ?? readFileSync(file);
    contents.set(name, content);
    return content;
  };
}
