/** How an EXIF block of JPEG and HEIF begins. Its offsets count from the end of this. */
const PREFIX = Buffer.from('Exif\0\0');
const ORIENTATION = 0x0112;

/**
 * Sets the orientation of an EXIF block to 1 (upright).
 *
 * @returns a copy, without the prefix `Exif`; `undefined` if the block has no readable directory
 */
export function uprightExif(exif: Buffer): Buffer | undefined {
  const tiff = Buffer.from(exif.subarray(0, PREFIX.length).equals(PREFIX) ? exif.subarray(PREFIX.length) : exif);
  const order = tiff.toString('latin1', 0, 2);
  if (tiff.length < 8 || (order !== 'II' && order !== 'MM')) return undefined;
  const isLittle = order === 'II';
  const read16 = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const write16 = (value: number, at: number) =>
    isLittle ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at);
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (directory + 2 > tiff.length) return undefined;
  // Each entry has 12 bytes: tag, type, count and value (TIFF 6.0, section 2).
  const end = directory + 2 + read16(directory) * 12;
  if (end > tiff.length) return undefined;
  for (let entry = directory + 2; entry < end; entry += 12) {
    if (read16(entry) === ORIENTATION) write16(1, entry + 8);
  }
  return tiff;
}
