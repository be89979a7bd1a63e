import { type FormatName, formatNames } from '../shared/setting-types.ts';

/** Number of leading bytes that are enough to detect the format of a file. */
export const SIGNATURE_BYTES = 4100;

interface Format {
  /** Name for messages. */
  label: string;
  /** Media types that the signature can have. Animated PNG has its own media type. */
  mediaTypes: readonly string[];
  /** Class names of the libvips loaders. Only the loaders of accepted formats are unblocked. */
  loaders: readonly string[];
}

/** All formats that the service can read. */
export const formats: Record<FormatName, Format> = {
  jpeg: { label: 'JPEG', mediaTypes: ['image/jpeg'], loaders: ['VipsForeignLoadJpeg'] },
  png: { label: 'PNG', mediaTypes: ['image/png', 'image/apng'], loaders: ['VipsForeignLoadPng'] },
  webp: { label: 'WebP', mediaTypes: ['image/webp'], loaders: ['VipsForeignLoadWebp'] },
  gif: { label: 'GIF', mediaTypes: ['image/gif'], loaders: ['VipsForeignLoadNsgif'] },
  avif: { label: 'AVIF', mediaTypes: ['image/avif'], loaders: ['VipsForeignLoadHeif'] },
  tiff: { label: 'TIFF', mediaTypes: ['image/tiff'], loaders: ['VipsForeignLoadTiff'] },
  // libvips reads the header only. The pixels come from libheif-js, as a PNG (heic.ts).
  heic: {
    label: 'HEIC',
    mediaTypes: ['image/heic', 'image/heif'],
    loaders: ['VipsForeignLoadHeif', 'VipsForeignLoadPng'],
  },
};

/** Returns the media type of a format; `undefined` if only a newer version knows the format. */
export function mediaTypeOf(format: string | undefined): string | undefined {
  const known = formatNames.find((name) => name === format);
  return known && formats[known].mediaTypes[0];
}

/** Loaded at the first file: the worker needs it only in its children. Each `import()` would look it up again. */
let fileType: Promise<typeof import('file-type')> | undefined;

/**
 * Detects the format of a file by its signature. Ignores the file name and the media type that the client sent.
 *
 * @param head first {@link SIGNATURE_BYTES} bytes of the file, or the whole file if it is shorter
 * @param accepted formats to look for
 * @returns `undefined` if the file has none of these formats
 */
export async function detectFormat(head: Uint8Array, accepted: readonly FormatName[]): Promise<FormatName | undefined> {
  fileType ??= import('file-type');
  const { fileTypeFromBuffer } = await fileType;
  // The parser throws if the header is truncated.
  const type = await fileTypeFromBuffer(head).catch(() => undefined);
  if (type) return accepted.find((name) => formats[name].mediaTypes.includes(type.mime));
  // The parser needs more of a TIFF than its signature. That data may be at the end of the file.
  return isTiff(head) && accepted.includes('tiff') ? 'tiff' : undefined;
}

/** Checks for the byte order and the number 42 (TIFF 6.0, section 2). */
function isTiff(head: Uint8Array): boolean {
  return ['II*\0', 'MM\0*'].includes(String.fromCharCode(...head.subarray(0, 4)));
}
