import sharp, { type Metadata, type Sharp } from 'sharp';
import type { FormatName } from '../shared/setting-types.ts';
import { detectFormat, SIGNATURE_BYTES } from './formats.ts';
import { decodeHeic } from './heic.ts';
import { unsupported } from './image-error.ts';
import type { Size, Wanted } from './plan.ts';

/** An image in a file, for images that are too large for the memory. */
export interface ImageFile {
  /** Absolute path. */
  path: string;
  /** Reads its leading bytes, at most as many as given. */
  readHead(maxBytes: number): Uint8Array;
  /** Reads all of it. */
  read(): Uint8Array;
}

/** The image that was sent. */
export interface Source {
  /** Bytes, or the path of a file, that libvips can read. */
  content: Uint8Array | string;
  format: FormatName;
  header: Metadata;
  /** Size in pixels: upright, of one frame. */
  size: Size;
  /** Maximum number of pixels to decode. */
  maxPixels: number;
}

/** Formats whose decoders need the whole file. From a file libvips would accept a truncated WebP. */
const NEEDS_MEMORY: ReadonlySet<FormatName> = new Set(['webp', 'avif']);

/**
 * Detects the format by the signature.
 *
 * @throws {ImageError} `IMAGE_UNSUPPORTED` if it is not an accepted one
 */
export async function detectSource(
  given: Uint8Array | ImageFile,
  accepted: readonly FormatName[],
): Promise<FormatName> {
  const head = 'path' in given ? given.readHead(SIGNATURE_BYTES) : given.subarray(0, SIGNATURE_BYTES);
  const format = await detectFormat(head, accepted);
  if (!format) throw unsupported();
  return format;
}

/** Returns what libvips reads: the path of a file, or all its bytes if its decoder needs them. */
export function contentOf(given: Uint8Array | ImageFile, format: FormatName): Source['content'] {
  if (!('path' in given)) return given;
  return NEEDS_MEMORY.has(format) ? given.read() : given.path;
}

/** Reads the header. It decodes no pixel. */
export async function openSource(content: Source['content'], format: FormatName, maxPixels: number): Promise<Source> {
  const metadata = await sharp(content, { limitInputPixels: false }).metadata();
  // Only the primary image of a HEIC is decoded.
  const header = format === 'heic' ? { ...metadata, pages: 1 } : metadata;
  return { content, format, header, size: header.autoOrient, maxPixels };
}

/** Decodes a HEIC, which libvips cannot decode. Other sources stay as they are. */
export async function toDecodable(source: Source, given: Uint8Array | ImageFile): Promise<Source> {
  if (source.format !== 'heic') return source;
  const file = 'path' in given ? given.read() : given;
  return { ...source, content: await decodeHeic(file, source.header, source.maxPixels) };
}

/** Starts a pipeline from the frames that a result needs, or from the first one. */
export function startPipeline({ content, header, maxPixels }: Source, wanted?: Wanted): Sharp {
  const frame = wanted?.options.frame;
  const isAnimated = wanted !== undefined && wanted.plan.frames > 1;
  const image = sharp(content, {
    limitInputPixels: maxPixels,
    ...(isAnimated ? { animated: true } : frame !== undefined && { page: frame }),
  });
  // sharp would convert 16 bits to Display P3, and apply some options in units of 8 bits.
  return header.depth === 'ushort' ? image.pipelineColourspace('srgb') : image;
}
