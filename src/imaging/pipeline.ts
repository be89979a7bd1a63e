import { checkBounds } from './check-bounds.ts';
import { formats } from './formats.ts';
import { ImageError, toImageError } from './image-error.ts';
import { readInfo } from './info.ts';
import type { ImageInfo } from './info-schema.ts';
import type { ImagingLimits } from './limits.ts';
import type { ImageOptions } from './options.ts';
import { planResults } from './plan-results.ts';
import { type Preview, type ProcessedImage, renderAll } from './render.ts';
import { prepareDrawing } from './share-decode.ts';
import { contentOf, detectSource, type ImageFile, openSource, toDecodable } from './source.ts';
import { trimAll } from './trim.ts';

/** The results of an image. */
interface Processed extends Preview {
  images: ProcessedImage[];
  info?: ImageInfo;
}

/**
 * Makes one or more results of an image. The defaults are: upright, on white, 512 pixels wide, grey, JPEG of quality 80, without
 * metadata. Only the first frame of an animation is used. An embedded colour profile is applied.
 *
 * @param given bytes of the file, or where they are
 * @param wanted options of each result
 * @returns the results in the same order, a placeholder and a perceptual hash of the first, and facts about the original if an option
 *   asks for them
 * @throws {ImageError} if the image itself is the cause
 */
export async function processImage(
  given: Uint8Array | ImageFile,
  limits: ImagingLimits,
  wanted: readonly ImageOptions[] = [{}],
): Promise<Processed> {
  const format = await detectSource(given, limits.acceptedFormats);
  const content = contentOf(given, format);
  try {
    const opened = await openSource(content, format, limits.maxPixels);
    const planned = planResults(opened, wanted);
    checkBounds(opened, limits, planned);
    const source = await toDecodable(opened, given);
    const info = await readInfo(source, planned);
    const results = await trimAll(source, planned);
    // The rest that `trim` leaves can have other proportions, and so become larger.
    checkBounds(source, limits, results);
    const draw = await prepareDrawing(source, results);
    return { ...(await renderAll(results, draw, source.header, limits.watermarks)), ...(info && { info }) };
  } catch (error) {
    throw error instanceof ImageError ? error : toImageError(formats[format].label, error);
  }
}
