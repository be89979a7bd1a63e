import type { ImageOptions, Output } from '../imaging/options.ts';
import type { FormatName } from '../shared/setting-types.ts';

/** The version that added an option, or a function that returns it for a value. */
type Since = number | ((value: unknown) => number);

/** An option whose values were numbers, flags or other words before version 3. */
const since3 = (isOld: (value: unknown) => boolean) => (value: unknown) => (isOld(value) ? 1 : 3);

/**
 * The payload version that introduced each option and each format. An older worker would process a job with a newer option wrongly.
 * So each new option, value or format gets a higher version than all existing ones.
 */
const knownSince: {
  options: Record<keyof ImageOptions, Since>;
  formats: Record<FormatName, number>;
} = {
  options: {
    width: 1,
    height: 1,
    fit: 1,
    position: 1,
    enlarge: 1,
    grayscale: 1,
    format: since3((value) => value !== 'gif'),
    quality: since3((value) => value !== 'auto'),
    rotate: since3((value) => [0, 90, 180, 270].includes(Number(value))),
    background: 1,
    blur: 1,
    sharpen: 1,
    keepMetadata: since3((value) => typeof value === 'boolean'),
    animated: 3,
    frame: 3,
    flip: 3,
    flop: 3,
    trim: 3,
    crop: 3,
    gamma: 3,
    dpr: 3,
    focus: 3,
    median: 3,
    threshold: 3,
    brightness: 3,
    saturation: 3,
    hue: 3,
    lightness: 3,
    contrast: 3,
    normalise: 3,
    tint: 3,
    negate: 3,
    watermark: 3,
    round: 3,
    pad: 3,
    maxBytes: 3,
    lossless: 3,
    progressive: 3,
    effort: 3,
    chromaSubsampling: 3,
    colors: 3,
    keepProfile: 3,
    info: 3,
  },
  formats: { jpeg: 1, png: 1, webp: 1, gif: 1, avif: 1, tiff: 1, heic: 3 },
};

/** Payload version of a job that has no original, because its import failed. */
export const FAILED_IMPORT_VERSION = 2;

/** Highest payload version that this version of the service can process. */
export const PAYLOAD_VERSION = 3;

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
  const versions = outputs.flatMap(({ options }) =>
    Object.entries(options).map(([name, value]) => {
      const since = known.options[name as keyof ImageOptions];
      return typeof since === 'function' ? since(value) : since;
    }),
  );
  return Math.max(1, ...versions, ...(format === undefined ? [] : [known.formats[format]]));
}
