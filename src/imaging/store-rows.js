// @ts-check

/** Largest block without compression (RFC 1951, section 3.2.4). */
const MAX_BLOCK = 65_535;
/** Modulus of Adler-32, and the number of bytes after which its sums must be reduced to stay exact (RFC 1950, section 8.2). */
const MODULUS = 65_521;
const MAX_BYTES_BETWEEN = 5552;

/** The filter type before each row: none (PNG, section 9.2). */
const NO_FILTER = new Uint8Array(1);

/**
 * Returns the bytes that {@link storeRows} writes.
 *
 * @param {number} rowBytes
 * @param {number} height
 */
export function storedBytes(rowBytes, height) {
  const bytes = (1 + rowBytes) * height;
  return 2 + 5 * Math.ceil(bytes / MAX_BLOCK) + bytes + 4;
}

/**
 * Writes rows as the image data of a PNG: a zlib stream without compression. Node's zlib would need three more copies of the pixels.
 *
 * @param {Uint8Array} target
 * @param {number} rowBytes
 * @param {number} height
 * @param {(row: number) => Uint8Array} rowAt returns the pixels of a row
 */
export function storeRows(target, rowBytes, height, rowAt) {
  let at = 0;
  let leftInBlock = 0;
  let left = (1 + rowBytes) * height;
  let [sum, sumOfSums] = [1, 0];

  /** @param {readonly number[]} bytes */
  const write = (bytes) => {
    target.set(bytes, at);
    at += bytes.length;
  };
  /** @param {Uint8Array} bytes */
  const store = (bytes) => {
    for (let from = 0; from < bytes.length; ) {
      if (leftInBlock === 0) {
        leftInBlock = Math.min(MAX_BLOCK, left);
        const [low, high] = [leftInBlock & 255, leftInBlock >> 8];
        write([leftInBlock === left ? 1 : 0, low, high, 255 - low, 255 - high]);
      }
      const part = bytes.subarray(from, from + Math.min(leftInBlock, MAX_BYTES_BETWEEN));
      target.set(part, at);
      for (let index = 0; index < part.length; index += 1) {
        sum += part[index] ?? 0;
        sumOfSums += sum;
      }
      sum %= MODULUS;
      sumOfSums %= MODULUS;
      at += part.length;
      from += part.length;
      leftInBlock -= part.length;
      left -= part.length;
    }
  };

  // Deflate with a window of 32 KiB, without compression.
  write([0x78, 0x01]);
  for (let row = 0; row < height; row += 1) {
    store(NO_FILTER);
    store(rowAt(row));
  }
  write([sumOfSums >> 8, sumOfSums & 255, sum >> 8, sum & 255]);
}
