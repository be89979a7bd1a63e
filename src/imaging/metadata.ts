import type { Metadata, Sharp } from 'sharp';
import { type Directory, openExif } from './exif-directory.ts';
import type { Tag } from './exif-tags.ts';
import type { FullOptions } from './options.ts';

const copyright: readonly Tag[] = ['Artist', 'Copyright'];
/** Tags that `all-but-gps` keeps beside them: what the image is, and how it was taken. Unknown tags may contain the location. */
const image: readonly Tag[] = ['ImageDescription', 'Make', 'Model', 'Software', 'DateTime'];
const photo: readonly Tag[] = [
  'ExposureTime',
  'FNumber',
  'ExposureProgram',
  'ISOSpeedRatings',
  'DateTimeOriginal',
  'DateTimeDigitized',
  'OffsetTime',
  'OffsetTimeOriginal',
  'ShutterSpeedValue',
  'ApertureValue',
  'ExposureBiasValue',
  'MeteringMode',
  'Flash',
  'FocalLength',
  'ExposureMode',
  'WhiteBalance',
  'FocalLengthIn35mmFilm',
  'LensMake',
  'LensModel',
];

/**
 * Adds the metadata and the colour profile of the source that the options keep. Only a pipeline from the source has a profile, and the
 * metadata that `all` keeps. The other metadata is read from the header.
 *
 * @param header of the source
 */
export function keepMetadata(pipeline: Sharp, options: FullOptions, header: Metadata): Sharp {
  const image = keepTags(pipeline, options, header);
  return options.keepProfile ? image.keepIccProfile() : image;
}

function keepTags(pipeline: Sharp, { keepMetadata: kept }: FullOptions, { exif }: Metadata): Sharp {
  if (kept === 'all') return pipeline.keepExif().keepXmp();
  if (kept === 'none' || !exif) return pipeline;
  const directories = openExif(exif);
  const isWhole = kept === 'all-but-gps';
  const tags = {
    IFD0: read(directories.image, isWhole ? [...image, ...copyright] : copyright),
    // The directory of the photograph has this number in libvips.
    IFD2: isWhole ? read(directories.photo, photo) : {},
  };
  return Object.keys({ ...tags.IFD0, ...tags.IFD2 }).length === 0 ? pipeline : pipeline.withExif(tags);
}

/** Checks whether a pipeline from pixels lacks what the options keep. */
export function needsSource({ keepMetadata: kept, keepProfile }: FullOptions): boolean {
  return kept === 'all' || keepProfile === true;
}

function read(directory: Directory, tags: readonly Tag[]): Record<string, string> {
  const values = tags.map((tag) => [tag, directory.text(tag) ?? directory.fraction(tag)]);
  return Object.fromEntries(values.filter(([, value]) => value));
}
