/** Bytes of a file that are in memory at a time. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Computes the SHA-256 of a text, in hexadecimal. */
export function hashText(text: string): Promise<string> {
  return digest(new TextEncoder().encode(text)).then(toHex);
}

/**
 * Identifies the content of a file: the SHA-256 of the SHA-256 of each 4 MiB, in hexadecimal. Web crypto cannot hash a stream, and a
 * large file must not be read into memory as a whole.
 */
export async function hashContent(blob: Blob, signal?: AbortSignal): Promise<string> {
  const hashes: Uint8Array[] = [];
  for (let start = 0; start < blob.size; start += CHUNK_BYTES) {
    signal?.throwIfAborted();
    hashes.push(await digest(await blob.slice(start, start + CHUNK_BYTES).arrayBuffer()));
  }
  return toHex(await digest(await new Blob(hashes as BlobPart[]).arrayBuffer()));
}

async function digest(data: BufferSource): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', data));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
