import { isAbsolute, relative, resolve } from 'node:path';

/**
 * Joins names to a path inside a folder. All names are derived from ids and never come from clients. If a bug changes that, a name
 * such as `../x` is rejected here.
 *
 * @throws {Error} if the path is not inside the folder
 */
export function pathInside(folder: string, ...names: string[]): string {
  const path = resolve(folder, ...names);
  const fromFolder = relative(folder, path);
  if (fromFolder === '' || fromFolder.startsWith('..') || isAbsolute(fromFolder)) {
    throw new Error(`"${names.join('/')}" does not name a file inside its folder`);
  }
  return path;
}
