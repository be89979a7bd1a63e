import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const END = chunk('IEND', []);

/** Bytes that follow the image data: their check sum, and the last chunk. */
export const TAIL_BYTES = 4 + END.length;

/** Content of a PNG besides its pixels. */
export interface PngHeader {
  width: number;
  height: number;
  /** Three for RGB, four for RGB with alpha, each of 8 bits. */
  channels: 3 | 4;
  icc: Uint8Array | undefined;
  /** Begins with the byte order. */
  exif: Uint8Array | undefined;
  xmp: Uint8Array | undefined;
}

/** Returns the maximum bytes that precede the image data. A profile may grow a little when it is compressed. */
export function maxHeadBytes({ icc, exif, xmp }: { [name in 'icc' | 'exif' | 'xmp']: Uint8Array | undefined }): number {
  return 4096 + Math.ceil(1.01 * ((icc?.length ?? 0) + (exif?.length ?? 0) + (xmp?.length ?? 0)));
}

/**
 * Completes a PNG around image data that is in its buffer already, so that large images are not copied.
 *
 * @param buffer room for the head, the image data, and {@link TAIL_BYTES}
 * @param dataStart where the image data begins
 * @returns the part of the buffer that is the PNG
 */
export function completePng(buffer: Uint8Array, dataStart: number, header: PngHeader): Uint8Array {
  const { width, height, channels, icc, exif, xmp } = header;
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  // Bits of a channel, and colour type.
  size.set([8, channels === 4 ? 6 : 2], 8);
  const data = buffer.subarray(dataStart, buffer.length - TAIL_BYTES);
  const [before, after] = frame('IDAT', [data]);
  const head = Buffer.concat([
    SIGNATURE,
    chunk('IHDR', [size]),
    ...(icc ? [chunk('iCCP', [Buffer.from('ICC\0\0', 'latin1'), deflateSync(icc)])] : []),
    ...(exif ? [chunk('eXIf', [exif])] : []),
    ...(xmp ? [chunk('iTXt', [Buffer.from('XML:com.adobe.xmp\0\0\0\0\0', 'latin1'), xmp])] : []),
    before,
  ]);
  buffer.set(head, dataStart - head.length);
  buffer.set(Buffer.concat([after, END]), buffer.length - TAIL_BYTES);
  return buffer.subarray(dataStart - head.length);
}

function chunk(type: string, content: readonly Uint8Array[]): Buffer {
  const [before, after] = frame(type, content);
  return Buffer.concat([before, ...content, after]);
}

/** Returns what precedes the content of a chunk, length and type, and what follows it, a check sum (PNG, section 5.3). */
function frame(type: string, content: readonly Uint8Array[]): [before: Buffer, after: Buffer] {
  const [before, after] = [Buffer.alloc(8), Buffer.alloc(4)];
  before.writeUInt32BE(content.reduce((sum, part) => sum + part.length, 0));
  before.write(type, 4, 'latin1');
  after.writeUInt32BE([before.subarray(4), ...content].reduce((sum, part) => crc32(part, sum), 0));
  return [before, after];
}
