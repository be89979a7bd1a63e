import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

// The only file of the library that needs a file system. A bundler for browsers replaces it by no-local-files.ts (see package.json).

/** Opens a local file without reading it into memory. */
export async function openLocalFile(path: string | URL): Promise<{ name: string; blob: Blob }> {
  const text = path instanceof URL ? fileURLToPath(path) : path;
  return { name: basename(text), blob: await openAsBlob(text) };
}
