import sharp from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';

/** What a page can show before the picture itself is there. */
export interface Placeholder {
  /** ThumbHash of the picture, in base64. */
  thumbHash: string;
  /** Most frequent colour, as `#rrggbb`. */
  dominantColor: string;
}

/** Longest side in pixels that a ThumbHash is made of. */
const SIDE = 100;

/** Makes the placeholder of a picture. */
export async function makePlaceholder(picture: Uint8Array): Promise<Placeholder> {
  const { data, info } = await sharp(picture)
    .autoOrient()
    .resize(SIDE, SIDE, { fit: 'inside' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const { dominant } = await sharp(data, { raw: { width, height, channels: 4 } }).stats();
  const hex = [dominant.r, dominant.g, dominant.b].map((value) => value.toString(16).padStart(2, '0')).join('');
  return { thumbHash: Buffer.from(rgbaToThumbHash(width, height, data)).toString('base64'), dominantColor: `#${hex}` };
}
