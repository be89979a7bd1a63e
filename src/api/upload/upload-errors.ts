import { MulterError } from 'multer';
import { ServiceError } from '../../shared/errors.ts';
import { FILES_FIELD, type UploadLimits } from './upload-limits.ts';

/** Names a fault that multer or its parser found in a form. */
export function toUploadError(error: unknown, { maxFiles, maxFileBytes }: UploadLimits): unknown {
  if (error instanceof ServiceError) return error;
  const { code, field = '', filename = '' } = error as Partial<MulterError & { filename: string }>;
  switch (error instanceof MulterError && code) {
    case 'LIMIT_FILE_SIZE':
      return new ServiceError(
        'FILE_TOO_LARGE',
        `${JSON.stringify(filename)} is larger than ${inWords(maxFileBytes)}, the most that one file may have. Make it smaller and send all again.`,
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

/** The fault of a form that no client should have sent. */
export function malformed(why: string, cause?: unknown): ServiceError {
  const detail = `The form could not be read: ${why}. Let your client build it, as curl -F does.`;
  return new ServiceError('MALFORMED_MULTIPART', detail, { cause });
}

/** The fault of a text field that nobody knows. */
export function unexpectedText(field: string, known: readonly string[]): ServiceError {
  return new ServiceError(
    'UNEXPECTED_FIELD',
    field === FILES_FIELD
      ? `The field "${FILES_FIELD}" holds text, not a file. With curl, put an @ before the path: -F ${FILES_FIELD}=@photo.jpg`
      : `The field ${JSON.stringify(field)} is unknown. Send files in the field "${FILES_FIELD}", and as text only ${known.join(', ')}.`,
  );
}

/** The fault of a body that is too large as a whole. */
export function tooLarge(limits: UploadLimits): ServiceError {
  return new ServiceError(
    'REQUEST_TOO_LARGE',
    `The upload is too large: at most ${limits.maxFiles} files of ${inWords(limits.maxFileBytes)} each. Send fewer at once.`,
  );
}

/** The fault of an upload that does not arrive. */
export function tooSlow(why: string): ServiceError {
  return new ServiceError(
    'REQUEST_TIMEOUT',
    `The upload took too long: ${why}. Send it again when the connection is better.`,
  );
}

/** A number of bytes as a person would say it, exactly. */
function inWords(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${bytes} bytes`;
}
