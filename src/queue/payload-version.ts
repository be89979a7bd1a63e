import type { ImageOptions, Output } from '../imaging/options.ts';
import type { FormatName } from '../shared/setting-types.ts';

/**
 * Version of the payload since which workers know each option and each format. An older worker would do something wrong with a
 * job that uses a newer one, so whatever is added gets a higher version than all before it.
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

/** Highest version of a payload that this version of the service can run. */
export const PAYLOAD_VERSION = Math.max(...Object.values(knownSince.options), ...Object.values(knownSince.formats));

/**
 * Returns the lowest version that a worker must know to run a job. Workers that are older leave the job to newer ones.
 *
 * @param format of the original
 * @param known the table of versions; tests give their own
 */
export function payloadVersionOf(format: FormatName, outputs: readonly Output[], known = knownSince): number {
  const options = outputs.flatMap((output) => Object.keys(output.options) as (keyof ImageOptions)[]);
  const formats = outputs.flatMap((output) => output.options.format ?? []);
  return Math.max(
    ...options.map((name) => known.options[name]),
    ...[format, ...formats].map((name) => known.formats[name]),
  );
}
