import type { Prepared, PreparedFile } from './inputs.ts';
import type { UploadOptions } from './types.ts';
import { uploadFields } from './upload-fields.ts';

/** Body of an upload and the headers that describe it. */
export type UploadBody = RequestInit & { headers?: Record<string, string> };

/** Takes the options of the service out of an object that has others as well. Absent options are left out. */
export function serviceOptions(given: UploadOptions): UploadOptions {
  const names: readonly string[] = uploadFields.map(({ name }) => name);
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => names.includes(name) && value !== undefined),
  );
}

/** Converts options to the text fields of a form. */
export function formFields(options: UploadOptions): [name: string, value: string][] {
  return Object.entries(options).map(([name, value]) => {
    if (name === 'tags' && Array.isArray(value)) return [name, value.join(',')];
    return [name, typeof value === 'object' ? JSON.stringify(value) : String(value)];
  });
}

/** Makes the JSON body of a batch of URLs. */
export function urlBody(images: readonly Prepared[], given: UploadOptions): UploadBody {
  const { variants, preset, tags, metadata, webhook, ...options } = given;
  const body = {
    files: images.flatMap((image) => ('url' in image ? [{ url: image.url, name: image.name }] : [])),
    options,
    variants: typeof variants === 'string' ? JSON.parse(variants) : variants,
    preset,
    tags: typeof tags === 'string' ? tags.split(',') : tags,
    metadata: typeof metadata === 'string' ? JSON.parse(metadata) : metadata,
    webhook,
  };
  return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

/**
 * Makes the form of a batch of files.
 *
 * @param onSent called with the number of bytes of each part that is sent
 */
export function fileBody(
  files: readonly PreparedFile[],
  options: UploadOptions,
  onSent?: (bytes: number) => void,
): UploadBody {
  const form = new FormData();
  for (const [name, value] of formFields(options)) form.append(name, value);
  for (const { blob, name } of files) form.append('images', blob, name);
  if (!onSent || !canSendStreams()) return { ...unbuffered, body: form };
  // `fetch` reports no progress, so count the bytes that it takes from a stream.
  const encoded = new Response(form);
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      onSent(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
  const init = { ...unbuffered, body: encoded.body?.pipeThrough(counter) ?? null, duplex: 'half' };
  return { headers: { 'Content-Type': encoded.headers.get('content-type') ?? '' }, ...init };
}

/**
 * `fetch` of Node.js keeps a copy of a body in memory, in case it has to follow a redirect. It keeps none if redirects are errors and there
 * is no window (https://fetch.spec.whatwg.org/#http-network-or-cache-fetch).
 */
const unbuffered = { redirect: 'error', window: null } as const;

/** Browsers send a stream only over HTTP/2, if at all. */
function canSendStreams(): boolean {
  return !('XMLHttpRequest' in globalThis);
}
