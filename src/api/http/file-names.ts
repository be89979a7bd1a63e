import filenameReservedRegex, { windowsReservedNameRegex } from 'filename-reserved-regex';
import { fileExtension } from '../../storage/storage.ts';

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
/** Control characters, line separators, and characters that change the text direction: they can show `gpj.exe` as `exe.jpg`. */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * Returns the last part of a name as a client wrote it, as a name that Windows, macOS and Linux can all save: without
 * reserved characters and names, without invisible characters, in Unicode form NFC, and short enough. It is never empty.
 *
 * @param originalName a well-formed string
 */
export function lastPart(originalName: string): string {
  const part = originalName.split(/[/\\]/).at(-1)?.replace(INVISIBLE, '').normalize().trim() ?? '';
  // Windows drops dots and spaces at the end.
  const name = shorten(part)
    .replace(/[. ]+$/, '')
    .replace(filenameReservedRegex(), '_');
  return windowsReservedNameRegex().test(name) ? `_${name}` : name || 'image';
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

/** Makes names different by a number where a file system would take them for the same, or a reader would. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const [, base = name, extension = ''] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? [];
    let unique = name;
    for (let number = 2; taken.has(caseless(unique)); number += 1) unique = `${base} (${number})${extension}`;
    taken.add(caseless(unique));
    return unique;
  });
}

/**
 * Returns a form that names share when they differ only by case, normalization or invisible characters. Lower before upper case
 * gives the classes of Unicode's full case folding, by which macOS takes `straße` and `STRASSE` for the same.
 */
function caseless(name: string): string {
  return name
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()
    .toUpperCase()
    .normalize();
}
