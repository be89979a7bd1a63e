import { MAX_TEXT_LENGTH } from './info-schema.ts';

/**
 * Makes a text from a file safe to show: up to its first zero, without control and formatting characters, well-formed and short.
 *
 * @returns `undefined` if nothing is left
 */
export function cleanText(text: string): string | undefined {
  const visible = text
    .replace(/\0.*/s, '')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .trim();
  const short = visible.slice(0, MAX_TEXT_LENGTH).replace(/\p{Cs}/gu, '');
  return short === '' ? undefined : short;
}

/** Number of bytes of a text to read. UTF-8 and UTF-16 need up to four for a character. */
export const MAX_TEXT_BYTES = 4 * MAX_TEXT_LENGTH;
