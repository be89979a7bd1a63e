import { MulterError } from 'multer';
import { ServiceError } from '../../shared/errors.ts';
import type { UploadLimits } from './upload-limits.ts';

/** Turns an error of multer or of its parser into one for the client. */
export function toUploadError(cause: unknown, { maxFiles, maxFileBytes }: UploadLimits): unknown {
  if (cause instanceof ServiceError) return cause;
  const { code, field = '', filename = '' } = cause as Partial<MulterError & { filename: string }>;
  switch (cause instanceof MulterError && code) {
    case 'LIMIT_FILE_SIZE':
      return new ServiceError('FILE_TOO_LARGE', [filename, maxFileBytes], { cause });
    case 'LIMIT_FILE_COUNT':
      return new ServiceError('TOO_MANY_FILES', [maxFiles], { cause });
    case 'LIMIT_UNEXPECTED_FILE':
      return new ServiceError('UNEXPECTED_FIELD', [{ field, isFile: true }], { cause });
    default:
      return malformed(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** A form that cannot be read. */
export function malformed(reason: string, cause?: unknown): ServiceError {
  return new ServiceError('MALFORMED_MULTIPART', [reason], { cause });
}

/** A body that is too large as a whole. */
export function tooLarge({ maxFiles, maxFileBytes }: UploadLimits): ServiceError {
  return new ServiceError('REQUEST_TOO_LARGE', [maxFiles, maxFileBytes]);
}
