import type { Pixels } from './pixels.ts';
import { shrink } from './shrink.ts';

/** Eight differences in each of eight rows. */
const [COLUMNS, ROWS] = [9, 8];
/** Approximate number of samples along each side of a cell. With half as many, the hash of a resized image has more other bits. */
const SAMPLES = 8;

/**
 * Returns the difference hash of an image: 64 bits as 16 hexadecimal digits. Similar images have hashes that differ in few bits. Each bit
 * tells whether a cell of a grid is darker than its right neighbour, row by row, the first in the highest bit.
 *
 * Source: Neal Krawetz, "Kind of Like That", 2013, https://www.hackerfactor.com/blog/?/archives/529-Kind-of-Like-That.html
 */
export function differenceHash(image: Pixels): string {
  const { data } = shrink(image, COLUMNS, ROWS, SAMPLES);
  let hash = 0n;
  for (let cell = 0; cell < COLUMNS * ROWS; cell += 1) {
    if (cell % COLUMNS === COLUMNS - 1) continue;
    hash = (hash << 1n) | (brightness(data, cell) < brightness(data, cell + 1) ? 1n : 0n);
  }
  return hash.toString(16).padStart(16, '0');
}

/** Returns the brightness of a cell on white, like a JPEG of the same image. The weights are those of libvips's grey conversion. */
function brightness(rgba: Uint8Array, cell: number): number {
  const channel = (index: number) => Number(rgba[cell * 4 + index]);
  return ((2 * channel(0) + 7 * channel(1) + channel(2)) * channel(3)) / 10 + 255 * (255 - channel(3));
}
