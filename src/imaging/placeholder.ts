import sharp from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';

/** What a page can show before the picture itself is there. */
export interface Placeholder {
  /** ThumbHash of the picture, in base64. */
  thumbHash: string;
  /** Most frequent colour, as `#rrggbb`. */
  dominantColor: string;
}

/** Longest side in pixels of what the placeholder is made of: more would show no more. */
const SIDE = 64;

/** Makes the placeholder of a picture. */
export async function makePlaceholder(picture: Uint8Array): Promise<Placeholder> {
  const { data, info } = await sharp(picture)
    .autoOrient()
    .resize(SIDE, SIDE, { fit: 'inside' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return {
    thumbHash: Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64'),
    dominantColor: dominantColor(data),
  };
}

/**
 * The most frequent colour among 16 levels of each channel, as the middle of its levels; what is transparent does not
 * count. sharp's `stats()` says the same, but at several times the cost of all the rest.
 *
 * @param rgba pixels, four bytes each
 */
function dominantColor(rgba: Uint8Array): string {
  const counts = new Uint32Array(16 ** 3);
  for (let at = 0; at < rgba.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(at, at + 4);
    const level = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
    if (alpha >= 128) counts[level] = (counts[level] ?? 0) + 1;
  }
  const most = counts.indexOf(Math.max(...counts));
  const hex = [most >> 8, (most >> 4) & 15, most & 15].map((level) => (level * 16 + 8).toString(16).padStart(2, '0'));
  return `#${hex.join('')}`;
}
