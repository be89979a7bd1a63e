import { ServiceError } from '../shared/errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Makes a fault of the file system one that a client can be told: what the service could not do, and no paths.
 *
 * @param act what was tried, such as `store the upload`
 */
export function toStorageError(act: string, cause: unknown): ServiceError {
  const { code = 'unknown' } = cause as NodeJS.ErrnoException;
  if (FULL.has(code)) {
    return new ServiceError(
      'STORAGE_FULL',
      `The service could not ${act}: its disk is full (${code}). Try again later.`,
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
