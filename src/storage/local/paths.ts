import { isAbsolute, relative, resolve } from 'node:path';

/**
 * Joins names to a path below a folder. Names come from ids, never from clients; should that ever change by mistake,
 * a name such as `../x` is refused here rather than followed.
 *
 * @throws {Error} when the path would lie outside the folder
 */
export function pathInside(folder: string, ...names: string[]): string {
  const path = resolve(folder, ...names);
  const fromFolder = relative(folder, path);
  if (fromFolder === '' || fromFolder.startsWith('..') || isAbsolute(fromFolder)) {
    throw new Error(`"${names.join('/')}" does not name a file inside its folder`);
  }
  return path;
}
