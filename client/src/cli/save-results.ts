import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Http } from '../http.ts';
import { readFile } from '../results.ts';
import type { FileStatus } from '../types.ts';

/**
 * Downloads all results of a file. Each is written under a temporary name, flushed to the disk and renamed, so that a file in the output
 * folder is always complete.
 *
 * @param target path below the folder, without variant and extension
 * @returns paths below the folder
 */
export async function saveResults(
  http: Http,
  { jobId, result }: { jobId: string; result: NonNullable<FileStatus['result']> },
  { folder, target, signal }: { folder: string; target: string; signal: AbortSignal },
): Promise<string[]> {
  const saved: string[] = [];
  const outputs: { name?: string; format: string }[] = result.outputs ?? [{ format: result.format }];
  for (const { name: variant, format } of outputs) {
    const output = `${target}${variant === undefined ? '' : `-${variant}`}.${format === 'jpeg' ? 'jpg' : format}`;
    const path = join(folder, output);
    await mkdir(dirname(path), { recursive: true });
    await readFile(http, jobId, { variant, signal }, (response) => writeAtomically(path, response, signal));
    saved.push(output);
  }
  return saved;
}

/** Writes the body of a response. `fetch` fails if the connection breaks before its end. */
async function writeAtomically(path: string, { body }: Response, signal: AbortSignal): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.part`);
  const content = body ? Readable.fromWeb(body as ReadableStream) : Readable.from([]);
  await pipeline(content, createWriteStream(temporary, { flush: true }), { signal });
  await rename(temporary, path);
}
