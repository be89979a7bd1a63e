import type { Metadata, Sharp } from 'sharp';
import { type Directory, openExif } from './exif-directory.ts';
import type { FullOptions } from './options.ts';

/** Tags of the copyright, by their names in libvips (Exif 3.0, section 4.6.5). */
const copyright = { Artist: 0x013b, Copyright: 0x8298 };
/** Tags that `all-but-gps` keeps beside them: what the image is, and how it was taken. Unknown tags may contain the location. */
const image = { ImageDescription: 0x010e, Make: 0x010f, Model: 0x0110, Software: 0x0131, DateTime: 0x0132 };
const photo = {
  ExposureTime: 0x829a,
  FNumber: 0x829d,
  ExposureProgram: 0x8822,
  ISOSpeedRatings: 0x8827,
  DateTimeOriginal: 0x9003,
  DateTimeDigitized: 0x9004,
  OffsetTime: 0x9010,
  OffsetTimeOriginal: 0x9011,
  ShutterSpeedValue: 0x9201,
  ApertureValue: 0x9202,
  ExposureBiasValue: 0x9204,
  MeteringMode: 0x9207,
  Flash: 0x9209,
  FocalLength: 0x920a,
  ExposureMode: 0xa402,
  WhiteBalance: 0xa403,
  FocalLengthIn35mmFilm: 0xa405,
  LensMake: 0xa433,
  LensModel: 0xa434,
};

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
    IFD0: read(directories.image, isWhole ? { ...image, ...copyright } : copyright),
    // The directory of the photograph has this number in libvips.
    IFD2: isWhole ? read(directories.photo, photo) : {},
  };
  return Object.keys({ ...tags.IFD0, ...tags.IFD2 }).length === 0 ? pipeline : pipeline.withExif(tags);
}

/** Checks whether a pipeline from pixels lacks what the options keep. */
export function needsSource({ keepMetadata: kept, keepProfile }: FullOptions): boolean {
  return kept === 'all' || keepProfile === true;
}

function read(directory: Directory, tags: Record<string, number>): Record<string, string> {
  const values = Object.entries(tags).map(([name, tag]) => [name, directory.text(tag) ?? directory.fraction(tag)]);
  return Object.fromEntries(values.filter(([, value]) => value));
}
