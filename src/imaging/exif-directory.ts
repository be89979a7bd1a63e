import { cleanText, MAX_TEXT_BYTES } from './clean-text.ts';

/** Size in bytes of a value of each type that we read: ASCII, SHORT, LONG, RATIONAL, SRATIONAL, UTF-8 (Exif 3.0). */
const sizes: Record<number, number> = { 2: 1, 3: 2, 4: 4, 5: 8, 10: 8, 129: 1 };
const TEXT_TYPES = [2, 129];

/** Reads the values of one directory. A value that is absent or broken is `undefined`. */
export interface Directory {
  text(tag: number): string | undefined;
  /** @param index of the value, if the tag has several */
  number(tag: number, index?: number): number | undefined;
  /** A number as EXIF writes it, such as `1/125`. */
  fraction(tag: number): string | undefined;
}

/** Tags whose value is where another directory is. */
const EXIF_DIRECTORY = 0x8769;
const GPS_DIRECTORY = 0x8825;

/**
 * Finds the directories of EXIF. Broken EXIF is never an error: its directories are empty. We use no package for it, for the reasons in
 * docs/decisions.md.
 *
 * @param bytes EXIF as sharp returns it: with or without the prefix of JPEG
 */
export function openExif(bytes: Uint8Array): { image: Directory; photo: Directory; gps: Directory } {
  const prefix = Buffer.from(bytes.subarray(0, 6)).toString('latin1') === 'Exif\0\0' ? 6 : 0;
  const tiff = new DataView(bytes.buffer, bytes.byteOffset + prefix, bytes.byteLength - prefix);
  const order = tiff.byteLength < 8 ? 0 : tiff.getUint16(0);
  const isLittleEndian = order === 0x4949;
  const isExif = isLittleEndian || order === 0x4d4d;
  const open = (offset = tiff.byteLength) => openDirectory(tiff, isLittleEndian, isExif ? offset : tiff.byteLength);
  const image = open(isExif ? tiff.getUint32(4, isLittleEndian) : undefined);
  return { image, photo: open(image.number(EXIF_DIRECTORY)), gps: open(image.number(GPS_DIRECTORY)) };
}

/** Finds the tags of a directory (TIFF 6.0, section 2). One outside of the EXIF has none. */
function openDirectory(tiff: DataView, isLittleEndian: boolean, offset: number): Directory {
  const entries = new Map<number, number>();
  const count = offset + 2 <= tiff.byteLength ? tiff.getUint16(offset, isLittleEndian) : 0;
  for (let index = 0, at = offset + 2; index < count && at + 12 <= tiff.byteLength; index += 1, at += 12) {
    const tag = tiff.getUint16(at, isLittleEndian);
    if (!entries.has(tag)) entries.set(tag, at);
  }

  /** Returns the type of a tag's value and where it is, if all of it is within the EXIF. */
  function find(tag: number): { type: number; at: number; count: number } | undefined {
    const entry = entries.get(tag);
    if (entry === undefined) return undefined;
    const type = tiff.getUint16(entry + 2, isLittleEndian);
    const count = tiff.getUint32(entry + 4, isLittleEndian);
    const bytes = (sizes[type] ?? Number.POSITIVE_INFINITY) * count;
    const at = bytes <= 4 ? entry + 8 : tiff.getUint32(entry + 8, isLittleEndian);
    return at + bytes <= tiff.byteLength ? { type, at, count } : undefined;
  }

  return {
    text(tag) {
      const found = find(tag);
      if (!found || !TEXT_TYPES.includes(found.type)) return undefined;
      const bytes = new Uint8Array(tiff.buffer, tiff.byteOffset + found.at, Math.min(found.count, MAX_TEXT_BYTES));
      // The standard has ASCII, but cameras also write UTF-8.
      return cleanText(new TextDecoder().decode(bytes));
    },

    number(tag, index = 0) {
      const found = find(tag);
      if (!found || index >= found.count) return undefined;
      const at = found.at + index * (sizes[found.type] ?? 0);
      if (found.type === 3) return tiff.getUint16(at, isLittleEndian);
      const long = tiff.getUint32(at, isLittleEndian);
      if (found.type === 4) return long;
      return found.type === 5 ? toFinite(long / tiff.getUint32(at + 4, isLittleEndian)) : undefined;
    },

    fraction(tag) {
      const found = find(tag);
      if (!found || found.count === 0) return undefined;
      const read = (at: number) =>
        found.type === 10 ? tiff.getInt32(at, isLittleEndian) : tiff.getUint32(at, isLittleEndian);
      if (found.type !== 5 && found.type !== 10) return this.number(tag)?.toString();
      return `${read(found.at)}/${read(found.at + 4)}`;
    },
  };
}

function toFinite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
