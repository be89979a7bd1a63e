import { cleanText, MAX_TEXT_BYTES } from './clean-text.ts';

/** Maximum number of tags to search. Profiles have about 20. */
const MAX_TAGS = 100;
/** Position of the tag table, after the header and the number of tags. */
const TABLE = 132;

/**
 * Reads the name of an ICC profile, its tag `desc` (ICC.1:2022, sections 7.3 and 10.15; ICC.1:2001-04, section 6.5.17). A broken profile
 * is never an error. We use no package for it, for the reasons in docs/decisions.md.
 *
 * @returns `undefined` if it has no name
 */
export function readProfileName(profile: Buffer): string | undefined {
  const tags = Math.min(numberAt(profile, TABLE - 4), MAX_TAGS);
  for (let at = TABLE; at < TABLE + tags * 12; at += 12) {
    if (typeAt(profile, at) === 'desc') return readText(profile.subarray(numberAt(profile, at + 4)));
  }
  return undefined;
}

/** Reads a text in one of the two types that versions 2 and 4 of the format have. Of several languages it reads the first. */
function readText(tag: Buffer): string | undefined {
  const type = typeAt(tag, 0);
  if (type === 'desc') return cleanText(cut(tag, 12, numberAt(tag, 8)).toString('latin1'));
  if (type !== 'mluc') return undefined;
  const utf16 = cut(tag, numberAt(tag, 24), numberAt(tag, 20));
  return cleanText(
    Buffer.from(utf16.subarray(0, utf16.length & ~1))
      .swap16()
      .toString('utf16le'),
  );
}

function typeAt(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 4);
}

/** Reads a number; 0 beyond the end. */
function numberAt(bytes: Buffer, at: number): number {
  return at + 4 <= bytes.length ? bytes.readUInt32BE(at) : 0;
}

function cut(tag: Buffer, from: number, bytes: number): Buffer {
  return tag.subarray(from, from + Math.min(bytes, MAX_TEXT_BYTES));
}
