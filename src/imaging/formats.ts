import { fileTypeFromBuffer } from 'file-type';
import { type FormatName, formatNames } from '../shared/setting-types.ts';

/** Bytes from the start of a file that are enough to tell what it is. */
export const SIGNATURE_BYTES = 4100;

interface Format {
  /** Name for people. */
  label: string;
  /** Media types that the signature can stand for; animated PNG and AVIF have names of their own. */
  mediaTypes: readonly string[];
  /** libvips's class of the loader, the only one that is unblocked when the format is accepted. */
  loader: string;
}

/** What the service can take in. */
export const formats: Record<FormatName, Format> = {
  jpeg: { label: 'JPEG', mediaTypes: ['image/jpeg'], loader: 'VipsForeignLoadJpeg' },
  png: { label: 'PNG', mediaTypes: ['image/png', 'image/apng'], loader: 'VipsForeignLoadPng' },
  webp: { label: 'WebP', mediaTypes: ['image/webp'], loader: 'VipsForeignLoadWebp' },
  gif: { label: 'GIF', mediaTypes: ['image/gif'], loader: 'VipsForeignLoadNsgif' },
  avif: { label: 'AVIF', mediaTypes: ['image/avif'], loader: 'VipsForeignLoadHeif' },
  tiff: { label: 'TIFF', mediaTypes: ['image/tiff'], loader: 'VipsForeignLoadTiff' },
};

/** Media type of files of a format; `undefined` when only a newer version knows the format. */
export function mediaTypeOf(format: string | undefined): string | undefined {
  const known = formatNames.find((name) => name === format);
  return known && formats[known].mediaTypes[0];
}

/**
 * Tells a file's format by its signature, whatever its name or its sender says.
 *
 * @param head first {@link SIGNATURE_BYTES} bytes of the file, or all of a shorter one
 * @param accepted formats to look for
 * @returns `undefined` when it is none of them
 */
export async function detectFormat(head: Uint8Array, accepted: readonly FormatName[]): Promise<FormatName | undefined> {
  // A signature that leads nowhere, such as a cut-off header, makes the parser throw.
  const type = await fileTypeFromBuffer(head).catch(() => undefined);
  if (type) return accepted.find((name) => formats[name].mediaTypes.includes(type.mime));
  // What the parser wants to know of a TIFF can stand at the very end of the file.
  return isTiff(head) && accepted.includes('tiff') ? 'tiff' : undefined;
}

/** Byte order and the number 42 (TIFF 6.0, section 2). */
function isTiff(head: Uint8Array): boolean {
  return ['II*\0', 'MM\0*'].includes(String.fromCharCode(...head.subarray(0, 4)));
}
