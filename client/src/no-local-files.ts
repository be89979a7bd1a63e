/** Replaces local-files.ts in browsers. */
export async function openLocalFile(path: string | URL): Promise<{ name: string; blob: Blob }> {
  throw new Error(`there is no file system here. Pass a File or a Blob instead of "${path}"`);
}
