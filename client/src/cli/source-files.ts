import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, relative, resolve, sep } from 'node:path';

/** A local image. */
export interface SourceFile {
  /** Absolute path. */
  path: string;
  /** Its place below the output folder, with `/` as the separator, such as `2026/a.jpg`. */
  relativePath: string;
  size: number;
  mtimeMs: number;
}

const EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.avif', '.tif', '.tiff'];

/**
 * Lists the images in folders, and files that are named, sorted by path. Of a folder it takes the files whose extension is that of an
 * image. It leaves out hidden files and the output folder.
 *
 * @throws {Error} if a path does not exist
 */
export async function listSourceFiles(
  paths: readonly string[],
  { recursive, outFolder }: { recursive: boolean; outFolder: string },
): Promise<SourceFile[]> {
  const found = new Map<string, SourceFile>();
  const add = (path: string, relativePath: string, { size, mtimeMs }: Stats) => {
    if (!found.has(path)) found.set(path, { path, relativePath: relativePath.split(sep).join('/'), size, mtimeMs });
  };
  const walk = async (folder: string, top: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.') || path === outFolder) continue;
      // A file can disappear while the folder is read.
      const info = await stat(path).catch(() => undefined);
      if (info?.isDirectory() && recursive && !entry.isSymbolicLink()) await walk(path, top);
      if (info?.isFile() && EXTENSIONS.includes(extname(entry.name).toLowerCase())) {
        add(path, relative(top, path), info);
      }
    }
  };
  for (const given of paths) {
    const path = resolve(given);
    const info = await stat(path).catch(() => {
      throw new Error(`There is no file or folder "${given}". Check the path.`);
    });
    if (info.isDirectory()) await walk(path, path);
    else add(path, basename(path), info);
  }
  return [...found.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}
