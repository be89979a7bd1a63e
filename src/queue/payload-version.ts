import type { ImageOptions, Output } from '../imaging/options.ts';
import type { FormatName } from '../shared/setting-types.ts';

/**
 * The payload version that introduced each option and each format. An older worker would process a job with a newer option wrongly.
 * So each new option or format gets a higher version than all existing ones.
 */
const knownSince: {
  options: Record<keyof ImageOptions, number>;
  formats: Record<FormatName | NonNullable<ImageOptions['format']>, number>;
} = {
  options: {
    width: 1,
    height: 1,
    fit: 1,
    position: 1,
    enlarge: 1,
    grayscale: 1,
    format: 1,
    quality: 1,
    rotate: 1,
    background: 1,
    blur: 1,
    sharpen: 1,
    keepMetadata: 1,
  },
  formats: { jpeg: 1, png: 1, webp: 1, gif: 1, avif: 1, tiff: 1, original: 1 },
};

/** Payload version of a job that has no original, because its import failed. */
export const FAILED_IMPORT_VERSION = 2;

/** Highest payload version that this version of the service can process. */
export const PAYLOAD_VERSION = Math.max(
  FAILED_IMPORT_VERSION,
  ...Object.values(knownSince.options),
  ...Object.values(knownSince.formats),
);

/**
 * Returns the lowest payload version that a worker must support to process a job. Older workers leave the job to newer ones.
 *
 * @param format format of the original; `undefined` before its import
 * @param known table of versions; tests pass their own
 */
export function payloadVersionOf(
  format: FormatName | undefined,
  outputs: readonly Output[],
  known = knownSince,
): number {
  const options = outputs.flatMap((output) => Object.keys(output.options) as (keyof ImageOptions)[]);
  const formats = outputs.flatMap((output) => output.options.format ?? []);
  return Math.max(
    1,
    ...options.map((name) => known.options[name]),
    ...[...(format === undefined ? [] : [format]), ...formats].map((name) => known.formats[name]),
  );
}
