import { ServiceError } from '../shared/errors.ts';

/** What file systems and servers of buckets call it. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'QuotaExceeded', 'XMinioStorageFull']);

/** What file systems and servers of buckets say of what is not there. */
const MISSING = new Set(['ENOENT', 'NoSuchKey']);

/** Makes a fault of reading an original one that a client can be told. */
export function toReadError(cause: unknown): ServiceError {
  if (!MISSING.has(codeOf(cause))) return toStorageError('read the original', cause);
  return new ServiceError('FILE_GONE', 'The original is no longer there: someone has removed it.', { cause });
}

/**
 * Makes a fault of a file system or of a bucket one that a client can be told: what the service could not do, and no paths.
 *
 * @param act what was tried, such as `store the upload`
 */
export function toStorageError(act: string, cause: unknown): ServiceError {
  const code = codeOf(cause);
  if (FULL.has(code)) {
    return new ServiceError(
      'STORAGE_FULL',
      `The service could not ${act}: its storage is full (${code}). Try again later.`,
      {
        cause,
        headers: { 'Retry-After': '60' },
      },
    );
  }
  return new ServiceError('STORAGE_UNAVAILABLE', `The service could not ${act} (${code}). Try again later.`, {
    cause,
    headers: { 'Retry-After': '10' },
  });
}

function codeOf(cause: unknown): string {
  const { code, name } = cause as NodeJS.ErrnoException;
  return code ?? name ?? 'unknown';
}
