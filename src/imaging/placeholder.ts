import { rgbaToThumbHash } from 'thumbhash';
import type { Pixels } from './pixels.ts';
import { shrink } from './shrink.ts';

/** A preview that a web page can show until it has loaded the result. */
export interface Placeholder {
  /** ThumbHash of the result, in base64. */
  thumbHash: string;
  /** Most frequent colour, as `#rrggbb`. */
  dominantColor: string;
}

/** Longest side of the reduced image in cells. A ThumbHash has at most seven frequencies per side. */
const SIDE = 16;
/** Approximate number of samples along each side of a cell. More samples make no visible difference. */
const SAMPLES = 4;

/** Makes the placeholder of an image. It is plain JavaScript: decoding and resizing once more in libvips takes many times as long. */
export function makePlaceholder(image: Pixels): Placeholder {
  const longest = Math.max(image.width, image.height);
  const cells = (side: number) => Math.max(1, Math.round((Math.min(SIDE, longest) * side) / longest));
  const { data, width, height } = shrink(image, cells(image.width), cells(image.height), SAMPLES);
  return {
    thumbHash: toThumbHash(width, height, data),
    dominantColor: dominantColor(data),
  };
}

/** Returns the ThumbHash of RGBA pixels in base64. Each side has at most 100 pixels. */
export function toThumbHash(width: number, height: number, rgba: Uint8Array): string {
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64');
}

/**
 * Returns the most frequent colour, with 16 levels per channel, as the middle of its levels. If several colours are equally frequent,
 * the one with the least red wins, then green, then blue. Transparent pixels do not count.
 *
 * @param rgba pixels, four bytes each
 */
function dominantColor(rgba: Uint8Array): string {
  const counts = new Uint32Array(16 ** 3);
  let highest = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    if (Number(rgba[at + 3]) < 128) continue;
    const [red, green, blue] = [Number(rgba[at]), Number(rgba[at + 1]), Number(rgba[at + 2])];
    const level = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
    const count = Number(counts[level]) + 1;
    counts[level] = count;
    highest = Math.max(highest, count);
  }
  const most = counts.indexOf(highest);
  const hex = [most >> 8, (most >> 4) & 15, most & 15].map((level) => (level * 16 + 8).toString(16).padStart(2, '0'));
  return `#${hex.join('')}`;
}
