import type { ImagingLimits } from '../../src/imaging/limits.ts';
import { toOutputs } from '../../src/imaging/outputs.ts';
import { processImage } from '../../src/imaging/pipeline.ts';
import { formatNames } from '../../src/shared/setting-types.ts';

/** Limits that accept every format, with the default number of pixels. */
export const limits = { acceptedFormats: formatNames, maxPixels: 50_000_000, maxFrames: 100 };

/**
 * Makes the results of an image with the options of a request.
 *
 * @param more limits that differ, and watermarks; their only name is `logo`
 * @returns all that was made, and the first result
 */
export async function makeResults(
  given: Record<string, unknown>,
  from: Uint8Array | Promise<Uint8Array>,
  more: Partial<ImagingLimits> = {},
) {
  const result = toOutputs(given, ['logo']);
  if ('errors' in result) throw new Error(JSON.stringify(result.errors));
  const options = result.outputs.map((output) => output.options);
  const made = await processImage(await from, { ...limits, ...more }, options);
  const [first] = made.images;
  if (!first) throw new Error('nothing was made');
  return { ...made, first };
}
