import type { Metadata, Sharp } from 'sharp';
import type { FormatName } from '../shared/setting-types.ts';
import { countColors } from './count-colors.ts';
import type { ImageInfo } from './info-schema.ts';
import { toThumbHash } from './placeholder.ts';
import { readExif } from './read-exif.ts';
import { readProfileName } from './read-profile-name.ts';

/** Longest side of the copy whose colours are counted, in pixels. */
const SIDE = 64;

/** Colour spaces by the names that sharp gives them. Deep pixels have their own names. */
const colorSpaces: Record<string, ImageInfo['colorSpace']> = {
  srgb: 'rgb',
  rgb16: 'rgb',
  scrgb: 'rgb',
  'b-w': 'gray',
  grey16: 'gray',
  cmyk: 'cmyk',
};

/**
 * Reads what is known of an original. It decodes the image once more, at a fraction of its size where the format allows.
 *
 * @param image the original, with the limit of its pixels
 * @param header of the original
 * @param allowsGps whether the location of the camera may be part of it
 */
export async function readInfo(
  image: Sharp,
  header: Metadata,
  format: FormatName,
  allowsGps: boolean,
): Promise<ImageInfo> {
  const { data, info } = await image
    .autoOrient()
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { orientation = 1, density = 0 } = header;
  const exif = header.exif && readExif(header.exif, allowsGps);
  const profile = header.icc && readProfileName(header.icc);
  return {
    format,
    width: header.autoOrient.width,
    height: header.autoOrient.height,
    // libvips passes on whatever number the file has.
    orientation: orientation >= 1 && orientation <= 8 ? orientation : 1,
    frames: header.pages ?? 1,
    hasAlpha: header.hasAlpha,
    colorSpace: colorSpaces[header.space] ?? 'other',
    ...(profile && { profile }),
    ...(density > 0 && Number.isFinite(density) && { density }),
    ...countColors(data),
    thumbHash: toThumbHash(info.width, info.height, data),
    ...(exif && { exif }),
  };
}
