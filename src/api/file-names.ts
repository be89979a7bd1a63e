import { fileExtension } from '../storage/storage.ts';

/**
 * What a result is called when it is saved: as the original, with the extension of its own format. The last part of what
 * the client took for a name is kept, so that nothing in it leads elsewhere.
 *
 * @param variant name of the result where a file has several
 */
export function resultFileName(originalName: string, format: string, variant?: string): string {
  const name = lastPart(originalName);
  const base = name.replace(/\.[^.]*$/, '') || name;
  return `${base}${variant === undefined ? '' : `-${variant}`}.${fileExtension(format)}`;
}

/** Bytes of a name: file systems take 255, and a variant, an extension or a number may yet be added. */
const MAX_NAME_BYTES = 200;
/** Control characters, and those that turn the direction of what follows, with which `gpj.exe` can be shown as `exe.jpg`. */
const INVISIBLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Last part of a name as a client wrote it, without what cannot be seen, and short enough to be saved; never empty. */
export function lastPart(originalName: string): string {
  const part = originalName.split(/[/\\]/).at(-1)?.replace(INVISIBLE, '').trim() ?? '';
  return part === '' || part === '.' || part === '..' ? 'image' : shorten(part);
}

/** Cuts a name between two characters, before its extension. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const [, base = name, extension = ''] = /^(.+?)(\.\w{1,16})?$/u.exec(name) ?? [];
  let bytes = Buffer.byteLength(extension);
  let short = '';
  for (const character of base) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_NAME_BYTES) break;
    short += character;
  }
  return short + extension;
}

/** Makes names different by a number where they would be the same, also for file systems that know no case. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const [, base = name, extension = ''] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? [];
    let unique = name;
    for (let number = 2; taken.has(unique.toLowerCase()); number += 1) unique = `${base} (${number})${extension}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
