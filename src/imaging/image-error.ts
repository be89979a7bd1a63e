import type { FailureCode } from '../shared/failures.ts';

/** Failure codes of an image. */
type ImageErrorCode = Extract<FailureCode, `IMAGE_${string}` | 'OUTPUT_TOO_LARGE'>;

/** An error of the image itself, which no retry can change. The message is for the client that sent it. */
export class ImageError extends Error {
  override name = 'ImageError';
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An error of what the operator has configured. The image is not the cause. */
export class OperatorError extends Error {
  override name = 'OperatorError';
}

/** Matches the messages of libvips's loaders about a file that ends too early. */
const TRUNCATED = /premature end of JPEG|unexpected end|outside of file bounds|insufficient input data/i;

/** Matches the messages of libvips that this machine, not the image, is the cause. */
const MACHINE_ERROR = /out of memory|unable to allocate|cannot allocate|too many open files|no space left/i;

/**
 * Turns libvips's message about an image into one for people.
 *
 * @param label name of the image's format, such as `JPEG`
 * @returns the same error when the image is not the cause
 */
export function toImageError(label: string, cause: unknown): unknown {
  const message = cause instanceof Error ? cause.message : String(cause);
  // A `TypeError` is a mistake in our code.
  if (cause instanceof OperatorError || cause instanceof TypeError) return cause;
  if (MACHINE_ERROR.test(message)) return cause;
  if (/unsupported image format/i.test(message)) return unsupported({ cause });
  if (TRUNCATED.test(message)) return new ImageError('IMAGE_TRUNCATED', `truncated ${label}`, { cause });
  return new ImageError('IMAGE_CORRUPT', `corrupt ${label}`, { cause });
}

/** A file that is no image of an accepted format. */
export function unsupported(options?: ErrorOptions): ImageError {
  return new ImageError('IMAGE_UNSUPPORTED', 'not a supported image', options);
}
