import filenameReservedRegex, { windowsReservedNameRegex } from 'filename-reserved-regex';
import { fileExtension } from '../../storage/storage.ts';

/**
 * Returns the file name for saving a result: the name of the original with the extension of the result's format. See {@link lastPart}
 * for the characters that it may contain.
 *
 * @param variant name of the variant, if the file has several results
 */
export function resultFileName(originalName: string, format: string, variant?: string): string {
  const name = lastPart(originalName);
  const base = name.replace(/\.[^.]*$/, '') || name;
  return `${base}${variant === undefined ? '' : `-${variant}`}.${fileExtension(format)}`;
}

/** Maximum length of a name. File systems allow 255 bytes, and a variant, an extension or a number may be added. */
const MAX_NAME_BYTES = 200;
/** Control characters, line separators, and characters that change the text direction, which can display `gpj.exe` as `exe.jpg`. */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/**
 * Returns the last part of a path that a client sent, as a file name that is valid on Windows, macOS and Linux. Removes folders,
 * reserved characters and names, and invisible characters. Normalizes to Unicode form NFC and shortens the name. Never returns an empty
 * string.
 *
 * @param originalName a string without lone surrogates
 */
export function lastPart(originalName: string): string {
  const part = originalName.split(/[/\\]/).at(-1)?.replace(INVISIBLE, '').normalize().trim() ?? '';
  // Windows drops dots and spaces at the end.
  const name = shorten(part)
    .replace(/[. ]+$/, '')
    .replace(filenameReservedRegex(), '_');
  return windowsReservedNameRegex().test(name) ? `_${name}` : name || 'image';
}

/** Shortens a name to {@link MAX_NAME_BYTES} without splitting a character, and keeps the extension. */
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

/** Adds numbers to names that look the same to a file system or to a reader. */
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
 * Returns a form that is equal for names that differ only in case, normalization or invisible characters. First lower, then upper case
 * gives the same classes as Unicode's full case folding. By that, `straße` and `STRASSE` are the same name on macOS.
 */
function caseless(name: string): string {
  return name
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()
    .toUpperCase()
    .normalize();
}
