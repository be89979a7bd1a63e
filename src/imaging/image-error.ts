/** A fault of the image itself: it will not heal, so trying again is pointless. The message is for the person who sent it. */
export class ImageError extends Error {
  override name = 'ImageError';
}

/** How libvips's loaders say that a file ends too early. */
const TRUNCATED = /premature end of JPEG|unexpected end|outside of file bounds|insufficient input data/i;

/** How libvips says that this machine, not the image, was at fault. */
const OUR_FAULT = /out of memory|unable to allocate|cannot allocate|too many open files|no space left/i;

/**
 * Makes a sentence for people of what libvips says of an image.
 *
 * @param label name of the image's format, such as `JPEG`
 * @returns the same error when it is not the image's fault
 */
export function toImageError(label: string, cause: unknown): unknown {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (OUR_FAULT.test(message)) return cause;
  if (/unsupported image format/i.test(message)) return new ImageError('not a supported image', { cause });
  return new ImageError(`${TRUNCATED.test(message) ? 'truncated' : 'corrupt'} ${label}`, { cause });
}
