import { countColors } from './count-colors.ts';
import type { ImageInfo } from './info-schema.ts';
import { toThumbHash } from './placeholder.ts';
import type { Wanted } from './plan.ts';
import { readExif } from './read-exif.ts';
import { readProfileName } from './read-profile-name.ts';
import { type Source, startPipeline } from './source.ts';

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
 * Reads facts about the original if an option asks for them. It decodes the image once more, at a fraction of its size where the format
 * allows. The location of the camera is part of them only if a result may contain it too.
 */
export async function readInfo(source: Source, results: readonly Wanted[]): Promise<ImageInfo | undefined> {
  const asking = results.filter(({ options }) => options.info);
  if (asking.length === 0) return undefined;
  const allowsGps = asking.some(({ options }) => options.keepMetadata === 'all');
  const { format, header } = source;
  const { data, info } = await startPipeline(source)
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
