import { brotliDecompressSync, crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

// Decompression bombs: small files with huge dimensions. The service decides by the header. Some of these are therefore
// small images whose header has been overwritten.

/** Width and height in pixels: 144 megapixels. */
const SIDE = 12_000;

export const pngSignature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

const small = () => sharp({ create: { width: 64, height: 64, channels: 3, background: '#506070' } });

/** Encodes every pixel: a megapixel of one colour at one bit per pixel takes 125 bytes. */
export function pngBomb(side = SIDE): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  // A filter type before each row.
  const rows = deflateSync(Buffer.alloc((1 + side / 8) * side));
  const chunks = [chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([pngSignature, ...chunks]);
}

/** Encodes a PNG chunk. */
export function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** Overwrites height and width. They follow the start-of-frame marker, its length and the sample precision. */
export async function jpegBomb(progressive = false): Promise<Buffer> {
  const file = await small().jpeg({ progressive }).toBuffer();
  const at = find(file, progressive ? '\xff\xc2' : '\xff\xc0');
  file.writeUInt16BE(SIDE, at + 5);
  file.writeUInt16BE(SIDE, at + 7);
  return file;
}

/** Overwrites width and height. They follow the start code of the key frame (RFC 6386, section 9.1). */
export async function webpBomb(): Promise<Buffer> {
  const file = await small().webp().toBuffer();
  const at = find(file, '\x9d\x01\x2a');
  file.writeUInt16LE(SIDE, at + 3);
  file.writeUInt16LE(SIDE, at + 5);
  return file;
}

/**
 * Returns a complete AVIF of one colour. Encoding it takes ten seconds and a gigabyte, so it is stored here (Brotli, base64):
 * `sharp({ create: { width: 12_000, height: 12_000, … } }).avif({ effort: 0, chromaSubsampling: '4:2:0' })`.
 *
 * @param declaredSide width and height in the item property `ispe`, after its version and flags
 */
export function avifBomb(declaredSide = SIDE): Buffer {
  const file = brotliDecompressSync(Buffer.from(realAvif.join(''), 'base64'));
  const at = find(file, 'ispe');
  file.writeUInt32BE(declaredSide, at + 8);
  file.writeUInt32BE(declaredSide, at + 12);
  return file;
}

const realAvif = [
  'G38HIOYIz5q0B0ip9yw/jamb+o//9oBvjQ04kaO5zgskDkQDpLWEKCDsnVFKRMrcloz9xkYBgBQtMy8Vz0Y0AIAkRNNXpxniQ9HNpxsxFJE8g5',
  'KYDu4PQ/WApYASU8jQOtkBxhCSv0SApZoqIpRMi2AiEO43VAJ3eLaevvQ8qSgzaRUjBKWmp4Jv5oicMuDCs/Udy2S5UANCKCOVClDrPK5y4NsA',
  '56KcyOYAfBFLk1JgYoARywjE/yVYmpMoeKYAcHDK/kp+tK9onCDBzWbwnYvP3bWmWr5mOO9luR0A+dJ5Z4WD2tfZuBVPPrzw9r1JiGvT7f2XpY',
  'YfuP5p0rbCxKrNhf9W17XZNuO3JGpGpkalLBZaf261IMyjJFRP4fDyDZkzO93/yZTHGq9DF498jjpKQHWWhnfVp1Y4FP8pmtz/HmFUSr10PiCm',
  'bajE1uiwi8v5GpV7RmeGHbtHL8vPPpfxSzYRD6imOdWX+ntF3L2zFvA1hMG/mPjw65UOn3hI3J8zLLDeuctzq8DkaMDTAdnZY2oCIT3s/r++i+',
  '+Pe1cnLE+LvJwZXa//bDI8kp2Uj4AAdmVIoKxj0dP0ZGtH3Ntf45X7sici/1H3L/D9s4ga1d95IVryPdZo5ck949iQa/i17TH3Zy6D+eyKTufy',
  'FHgNjEBTv89KVzs=',
];

/** Encodes an animation of 200 × 200 pixels whose frames cover one pixel each. */
export function gifBomb(frames: number): Buffer {
  const size = [200, 0, 200, 0];
  // 0x80: a palette of two colours follows, here black and white.
  const start = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([...size, 0x80, 0, 0, 0, 0, 0, 255, 255, 255])]);
  const position = [0, 0, 0, 0, 1, 0, 1, 0, 0];
  // LZW codes of three bits each: clear, pixel 0, end.
  const frame = Buffer.from([0x2c, ...position, 2, 2, 0x44, 0x01, 0]);
  return Buffer.concat([start, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

function find(file: Buffer, marker: string): number {
  const at = file.indexOf(Buffer.from(marker, 'latin1'));
  if (at === -1) throw new Error(`sharp did not write the marker ${JSON.stringify(marker)}`);
  return at;
}
