import { AsyncImagesError } from './errors.ts';
import { hashContent } from './hash.ts';

/** The content of an image: a path, a URL, or the bytes. */
export type ImageData = string | URL | Blob | Uint8Array | ReadableStream<Uint8Array>;

/** An image to process. `name` replaces the name that the service shows. */
export type ImageInput =
  | ImageData
  | {
      name: string;
      data: ImageData;
      /** Identifies the content, as {@link hashContent} returns it. It saves reading the content twice. */
      hash?: string | undefined;
    };

/** An image whose content can be sent, more than once if need be. */
export interface PreparedFile {
  index: number;
  source: ImageInput;
  name: string;
  blob: Blob;
  hash: string;
}

/** An image that the service downloads itself. */
export interface PreparedUrl {
  index: number;
  source: ImageInput;
  name: string;
  url: string;
}

/** An image that is ready to be sent. */
export type Prepared = PreparedFile | PreparedUrl;

/**
 * Opens an input. Reads it once, because the `Idempotency-Key` of its batch depends on the content. A stream is read into memory as a
 * whole, because it may have to be sent again. A local file is not.
 *
 * @throws {AsyncImagesError} `INPUT_UNREADABLE`
 */
export async function prepare(source: ImageInput, index: number, signal?: AbortSignal): Promise<Prepared> {
  const given = isNamed(source) ? source : { data: source, name: undefined, hash: undefined };
  const { data } = given;
  if (data instanceof URL && data.protocol !== 'file:') {
    const name = given.name ?? (decodeURIComponent(data.pathname.split('/').at(-1) ?? '') || data.hostname);
    return { index, source, name, url: data.href };
  }
  try {
    const { blob, name } = await open(data);
    const hash = given.hash ?? (await hashContent(blob, signal));
    return { index, source, name: given.name ?? name ?? `image-${index + 1}`, blob, hash };
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AsyncImagesError('INPUT_UNREADABLE', `${nameOf(source, index)} cannot be read: ${reason}.`, { cause });
  }
}

/** Returns a name for an input that may be unreadable. */
export function nameOf(source: ImageInput, index: number): string {
  if (isNamed(source)) return source.name;
  if (typeof source === 'string' || source instanceof URL) return String(source);
  return source instanceof File ? source.name : `image-${index + 1}`;
}

function isNamed(source: ImageInput): source is Extract<ImageInput, { data: ImageData }> {
  return typeof source === 'object' && 'data' in source;
}

async function open(data: ImageData): Promise<{ blob: Blob; name?: string }> {
  if (data instanceof Blob) return data instanceof File ? { blob: data, name: data.name } : { blob: data };
  if (data instanceof Uint8Array) return { blob: new Blob([data as BlobPart]) };
  if (data instanceof ReadableStream) return { blob: await new Response(data).blob() };
  const { openLocalFile } = await import('./local-files.ts');
  return openLocalFile(data);
}
