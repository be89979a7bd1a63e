import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { largeOriginal } from '../large-original.ts';
import { removeUnfinished, UNFINISHED } from '../local/unfinished.ts';
import type { LargeOriginal } from '../storage.ts';

/** Folder of the copies. All processes of a machine share it. */
const folder = join(tmpdir(), 'async-image-service');

/** Writes the content of an object to a temporary file, so that libvips can read it piece by piece. */
export async function copyToDisk(content: Readable): Promise<LargeOriginal> {
  const path = join(folder, `${randomUUID()}${UNFINISHED}`);
  const close = () => rm(path, { force: true });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await pipeline(content, createWriteStream(path, { mode: 0o600 }));
    return largeOriginal(path, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Removes the files of killed processes. Returns their number. */
export function removeTemporaryFiles(now: number): Promise<number> {
  return removeUnfinished(folder, now);
}
