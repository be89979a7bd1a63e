import type { Prepared } from './inputs.ts';

/** Groups images into batches of the given size, in order. Files and URLs are in separate batches. */
export async function* inBatches(images: AsyncIterable<Prepared>, size: number): AsyncGenerator<Prepared[]> {
  const pending: Record<'files' | 'urls', Prepared[]> = { files: [], urls: [] };
  for await (const image of images) {
    const group = pending['url' in image ? 'urls' : 'files'];
    if (group.push(image) === size) yield group.splice(0);
  }
  if (pending.files.length > 0) yield pending.files;
  if (pending.urls.length > 0) yield pending.urls;
}
