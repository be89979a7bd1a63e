import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formBody } from '../client.ts';
import { mixedImages, photo } from '../images.ts';
import type { Upload } from './peer.ts';

/** Images of an upload. */
export const FILES = 10;

/** Ten different images, or the same photograph ten times. */
export type Kind = 'mixed' | 'large';

/** Creates the files of an upload, each with the extension of its format. */
export async function createUpload(folder: string, kind: Kind): Promise<Upload> {
  const images =
    kind === 'mixed'
      ? (await mixedImages()).slice(0, FILES)
      : Array<[string, Buffer]>(FILES).fill(['JPEG', await photo()]);
  const files = images.map(([name], at) => {
    const extension = /JPEG|PNG|WebP|AVIF/.exec(name)?.[0].toLowerCase();
    return join(folder, `${kind}-${at}.${extension}`);
  });
  for (const [at, [, content]] of images.entries()) await writeFile(files[at] ?? '', content);
  return { files, body: formBody(images.map(([, content]) => content)) };
}
