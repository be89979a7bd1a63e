import { type Directory, openExif } from './exif-directory.ts';
import type { Tag } from './exif-tags.ts';
import type { Exif } from './info-schema.ts';

/**
 * Reads the harmless part of EXIF. Broken EXIF is never an error.
 *
 * @param bytes EXIF as sharp returns it: with or without the prefix of JPEG
 * @param allowsGps whether to read the location of the camera
 * @returns `undefined` if there is nothing in it
 */
export function readExif(bytes: Uint8Array, allowsGps: boolean): Exif | undefined {
  const { image, photo, gps } = openExif(bytes);
  const exif = {
    make: image.text('Make'),
    model: image.text('Model'),
    lens: photo.text('LensModel'),
    takenAt: toTime(photo.text('DateTimeOriginal'), photo.text('OffsetTimeOriginal')),
    exposureSeconds: toPositive(photo.number('ExposureTime')),
    fNumber: toPositive(photo.number('FNumber')),
    iso: toPositive(photo.number('ISOSpeedRatings')),
    focalLengthMm: toPositive(photo.number('FocalLength')),
    gps: allowsGps ? readGps(gps) : undefined,
  };
  const known = Object.entries(exif).filter(([, value]) => value !== undefined);
  return known.length > 0 ? (Object.fromEntries(known) as Exif) : undefined;
}

function readGps(directory: Directory): Exif['gps'] {
  const latitude = toDegrees(directory, 'GPSLatitude', 'GPSLatitudeRef', { N: 1, S: -1 }, 90);
  const longitude = toDegrees(directory, 'GPSLongitude', 'GPSLongitudeRef', { E: 1, W: -1 }, 180);
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
}

/** Converts degrees, minutes and seconds to degrees, with six decimals: 11 cm. */
function toDegrees(
  { text, number }: Directory,
  tag: Tag,
  refTag: Tag,
  signs: Record<string, number>,
  most: number,
): number | undefined {
  const sign = signs[text(refTag) ?? ''];
  const [degrees, minutes, seconds] = [number(tag), number(tag, 1), number(tag, 2)];
  if (sign === undefined || degrees === undefined || minutes === undefined || seconds === undefined) return undefined;
  const value = Number((sign * (degrees + minutes / 60 + seconds / 3600)).toFixed(6));
  return Math.abs(value) <= most ? value : undefined;
}

/** Converts the time of EXIF to ISO 8601. */
function toTime(text = '', offset = ''): string | undefined {
  const [, date, time] = /^(\d{4}:\d\d:\d\d) (\d\d:\d\d:\d\d)$/.exec(text) ?? [];
  const iso = `${date?.replaceAll(':', '-')}T${time}`;
  // Cameras without a clock write zeros. A date such as February 30 becomes another one.
  const parsed = new Date(`${iso}Z`);
  if (Number.isNaN(parsed.getTime()) || !parsed.toISOString().startsWith(iso)) return undefined;
  return /^[+-](0\d|1[0-4]):[0-5]\d$/.test(offset) ? `${iso}${offset}` : iso;
}

function toPositive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? Number(value.toPrecision(6)) : undefined;
}
