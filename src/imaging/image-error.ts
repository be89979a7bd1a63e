/** An error of the image itself, which no retry can change. The message is for the client that sent it. */
export class ImageError extends Error {
  override name = 'ImageError';
}

/** How libvips's loaders report a file that ends too early. */
const TRUNCATED = /premature end of JPEG|unexpected end|outside of file bounds|insufficient input data/i;

/** How libvips reports that this machine, not the image, is the cause. */
const MACHINE_ERROR = /out of memory|unable to allocate|cannot allocate|too many open files|no space left/i;

/**
 * Turns libvips's message about an image into one for people.
 *
 * @param label name of the image's format, such as `JPEG`
 * @returns the same error when the image is not the cause
 */
export function toImageError(label: string, cause: unknown): unknown {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (MACHINE_ERROR.test(message)) return cause;
  if (/unsupported image format/i.test(message)) return new ImageError('not a supported image', { cause });
  return new ImageError(`${TRUNCATED.test(message) ? 'truncated' : 'corrupt'} ${label}`, { cause });
}
