import { MulterError } from 'multer';
import { ServiceError } from '../../shared/errors.ts';
import { FILES_FIELD, type UploadLimits } from './upload-limits.ts';

/** Converts an error of multer or its parser to an error for clients. */
export function toUploadError(error: unknown, { maxFiles, maxFileBytes }: UploadLimits): unknown {
  if (error instanceof ServiceError) return error;
  const { code, field = '', filename = '' } = error as Partial<MulterError & { filename: string }>;
  switch (error instanceof MulterError && code) {
    case 'LIMIT_FILE_SIZE':
      return new ServiceError(
        'FILE_TOO_LARGE',
        `${JSON.stringify(filename)} is larger than ${formatSize(maxFileBytes)}, the most that one file may have. Make it smaller and send all again.`,
        { cause: error },
      );
    case 'LIMIT_FILE_COUNT':
      return new ServiceError('TOO_MANY_FILES', `More than ${maxFiles} files in one upload. Send them in several.`, {
        cause: error,
      });
    case 'LIMIT_UNEXPECTED_FILE':
      return new ServiceError(
        'UNEXPECTED_FIELD',
        `There is a file in the field ${JSON.stringify(field)}. Files belong in the field "${FILES_FIELD}".`,
        { cause: error },
      );
    default:
      return malformed(error instanceof Error ? error.message : String(error), error);
  }
}

/** Creates the error for a form that is not valid multipart. */
export function malformed(reason: string, cause?: unknown): ServiceError {
  const detail = `The form could not be read: ${reason}. Let your client build it, as curl -F does.`;
  return new ServiceError('MALFORMED_MULTIPART', detail, { cause });
}

/** Creates the error for an unknown text field. */
export function unexpectedText(field: string, known: readonly string[]): ServiceError {
  return new ServiceError(
    'UNEXPECTED_FIELD',
    field === FILES_FIELD
      ? `The field "${FILES_FIELD}" holds text, not a file. With curl, put an @ before the path: -F ${FILES_FIELD}=@photo.jpg`
      : `The field ${JSON.stringify(field)} is unknown. Send files in the field "${FILES_FIELD}", and as text only ${known.join(', ')}.`,
  );
}

/** Creates the error for a body that is too large as a whole. */
export function tooLarge(limits: UploadLimits): ServiceError {
  return new ServiceError(
    'REQUEST_TOO_LARGE',
    `The upload is too large: at most ${limits.maxFiles} files of ${formatSize(limits.maxFileBytes)} each. Send fewer at once.`,
  );
}

/** Creates the error for an upload that arrives too slowly. */
export function tooSlow(reason: string): ServiceError {
  return new ServiceError(
    'REQUEST_TIMEOUT',
    `The upload took too long: ${reason}. Send it again when the connection is better.`,
  );
}

/** Formats a number of bytes exactly: in MiB if it is a whole number of them, otherwise in bytes. */
function formatSize(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${bytes} bytes`;
}
