import { cleanText, MAX_TEXT_BYTES } from './clean-text.ts';
import { exifTags, type Tag } from './exif-tags.ts';

/** Size in bytes of a value of each type that we read: ASCII, SHORT, LONG, RATIONAL, SRATIONAL, UTF-8 (Exif 3.0). */
const sizes: Record<number, number> = { 2: 1, 3: 2, 4: 4, 5: 8, 10: 8, 129: 1 };
const TEXT_TYPES = [2, 129];

/** Reads the values of one directory. A value that is absent or broken is `undefined`. */
export interface Directory {
  text(tag: Tag): string | undefined;
  /** @param index of the value, if the tag has several */
  number(tag: Tag, index?: number): number | undefined;
  /** A number as EXIF writes it, such as `1/125`. */
  fraction(tag: Tag): string | undefined;
}

/** How EXIF in JPEG and HEIF begins. Its offsets count from the end of this. */
const PREFIX = Buffer.from('Exif\0\0');

/** The TIFF structure of EXIF, without its prefix. */
interface Tiff {
  view: DataView;
  isLittleEndian: boolean;
  firstDirectory: number;
}

/**
 * Finds the directories of EXIF. Broken EXIF is never an error: its directories are empty. We use no package for it, for the reasons in
 * docs/decisions.md.
 *
 * @param bytes EXIF as sharp returns it: with or without the prefix of JPEG
 */
export function openExif(bytes: Uint8Array): { image: Directory; photo: Directory; gps: Directory } {
  const tiff = openTiff(bytes);
  const open = (offset: number | undefined) => openDirectory(tiff, offset ?? tiff.view.byteLength);
  const image = open(tiff.firstDirectory);
  return { image, photo: open(image.number('ExifDirectory')), gps: open(image.number('GPSDirectory')) };
}

/**
 * Sets the orientation of EXIF to 1 (upright).
 *
 * @returns a copy, without the prefix; `undefined` if it has no readable directory
 */
export function uprightExif(exif: Uint8Array): Uint8Array | undefined {
  const { view, isLittleEndian, firstDirectory } = openTiff(Uint8Array.from(exif));
  const { entries, isWhole } = listEntries({ view, isLittleEndian, firstDirectory }, firstDirectory);
  if (!isWhole) return undefined;
  for (const { tag, at } of entries) if (tag === exifTags.Orientation) view.setUint16(at + 8, 1, isLittleEndian);
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Reads the head of the TIFF. The first directory of anything else lies outside, so that it has no entries. */
function openTiff(bytes: Uint8Array): Tiff {
  const start = PREFIX.equals(bytes.subarray(0, PREFIX.length)) ? PREFIX.length : 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  const order = view.byteLength < 8 ? 0 : view.getUint16(0);
  const isLittleEndian = order === 0x4949;
  const isTiff = isLittleEndian || order === 0x4d4d;
  return { view, isLittleEndian, firstDirectory: isTiff ? view.getUint32(4, isLittleEndian) : view.byteLength };
}

/** Lists the entries of a directory (TIFF 6.0, section 2). It is whole if all of them lie within the EXIF. */
function listEntries({ view, isLittleEndian }: Tiff, directory: number) {
  const entries: { tag: number; at: number }[] = [];
  if (directory + 2 > view.byteLength) return { entries, isWhole: false };
  const count = view.getUint16(directory, isLittleEndian);
  for (let at = directory + 2; entries.length < count && at + 12 <= view.byteLength; at += 12) {
    entries.push({ tag: view.getUint16(at, isLittleEndian), at });
  }
  return { entries, isWhole: entries.length === count };
}

function openDirectory(tiff: Tiff, offset: number): Directory {
  const { view, isLittleEndian } = tiff;
  // The first entry of a tag counts.
  const places = new Map(
    listEntries(tiff, offset)
      .entries.toReversed()
      .map(({ tag, at }) => [tag, at]),
  );

  /** Returns the type of a tag's value and where it is, if all of it is within the EXIF. */
  function find(tag: Tag): { type: number; at: number; count: number } | undefined {
    const entry = places.get(exifTags[tag]);
    if (entry === undefined) return undefined;
    const type = view.getUint16(entry + 2, isLittleEndian);
    const count = view.getUint32(entry + 4, isLittleEndian);
    const bytes = (sizes[type] ?? Number.POSITIVE_INFINITY) * count;
    const at = bytes <= 4 ? entry + 8 : view.getUint32(entry + 8, isLittleEndian);
    return at + bytes <= view.byteLength ? { type, at, count } : undefined;
  }

  return {
    text(tag) {
      const found = find(tag);
      if (!found || !TEXT_TYPES.includes(found.type)) return undefined;
      const bytes = new Uint8Array(view.buffer, view.byteOffset + found.at, Math.min(found.count, MAX_TEXT_BYTES));
      // The standard has ASCII, but cameras also write UTF-8.
      return cleanText(new TextDecoder().decode(bytes));
    },

    number(tag, index = 0) {
      const found = find(tag);
      if (!found || index >= found.count) return undefined;
      const at = found.at + index * (sizes[found.type] ?? 0);
      if (found.type === 3) return view.getUint16(at, isLittleEndian);
      const long = view.getUint32(at, isLittleEndian);
      if (found.type === 4) return long;
      return found.type === 5 ? toFinite(long / view.getUint32(at + 4, isLittleEndian)) : undefined;
    },

    fraction(tag) {
      const found = find(tag);
      if (!found || found.count === 0) return undefined;
      const read = (at: number) =>
        found.type === 10 ? view.getInt32(at, isLittleEndian) : view.getUint32(at, isLittleEndian);
      if (found.type !== 5 && found.type !== 10) return this.number(tag)?.toString();
      return `${read(found.at)}/${read(found.at + 4)}`;
    },
  };
}

function toFinite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
