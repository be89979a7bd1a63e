import { ImageError } from './image-error.ts';
import { type FullOptions, type ImageOptions, withDefaults } from './options.ts';
import { type Area, type Plan, planResult, type Wanted } from './plan.ts';
import type { Source } from './source.ts';

/**
 * Plans the results of a source from its header.
 *
 * @throws {ImageError} `IMAGE_UNSUITABLE` if an option does not fit the image
 */
export function planResults(source: Source, wanted: readonly ImageOptions[]): Wanted[] {
  const { header, format } = source;
  const canKeepProfile = header.hasProfile && header.space !== 'cmyk';
  const all = wanted.map((own): FullOptions => {
    const full = withDefaults(own, format);
    return { ...full, keepProfile: full.keepProfile === true && canKeepProfile && full.format !== 'gif' };
  });
  return all.map((options) => ({ options, plan: planFor(source, options) }));
}

/**
 * Plans one result.
 *
 * @param trimmed part of the rotated image that `trim` leaves
 * @throws {ImageError} `IMAGE_UNSUITABLE` if an option does not fit the image
 */
export function planFor({ header, size }: Source, options: FullOptions, trimmed?: Area): Plan {
  const { pages = 1, orientation = 1 } = header;
  if (options.frame !== undefined && options.frame >= pages) {
    throw new ImageError('IMAGE_UNSUITABLE', `frame ${options.frame} does not exist; the last one is ${pages - 1}`);
  }
  const canMove = options.animated && ['gif', 'webp'].includes(options.format);
  const frames = canMove ? pages : 1;
  if (frames > 1 && orientation > 1) {
    throw new ImageError('IMAGE_UNSUITABLE', 'an animation with an EXIF orientation cannot stay animated');
  }
  return planResult(size, options, { frames, ...(trimmed && { trimmed }) });
}
