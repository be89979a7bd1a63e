import { ServiceError } from '../shared/errors.ts';

/** What file systems and servers of buckets call it. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'QuotaExceeded', 'XMinioStorageFull']);

/**
 * Error codes of a file system that cannot be used at the moment, whatever the file. Other codes, such as `ENOTDIR`, are about one
 * path, and waiting does not change them.
 */
const TEMPORARY = new Set([
  'EROFS', // remounted read-only, by an operator or by the kernel after an error
  ...['EACCES', 'EPERM'], // rights of the folder
  ...['EIO', 'ENXIO', 'ENODEV'], // the disk fails or is gone
  ...['ESTALE', 'ETIMEDOUT', 'EHOSTDOWN', 'ENOTCONN'], // the server of a network file system is away
  ...['EMFILE', 'ENFILE', 'ENOMEM'], // limits of the process or of the system
]);

/** What file systems and servers of buckets say of what is not there. */
const MISSING = new Set(['ENOENT', 'NoSuchKey']);

/** A failure of the storage that a client can be told. */
export class StorageError extends ServiceError<'STORAGE_FULL' | 'STORAGE_UNAVAILABLE'> {
  /** Whether the file system as a whole cannot be used at the moment, so that the same operation can succeed later. */
  readonly isTemporary: boolean;

  constructor(
    code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE',
    problem: string,
    { isTemporary, retryAfterSeconds, cause }: { isTemporary: boolean; retryAfterSeconds: number; cause: unknown },
  ) {
    super(code, [problem, retryAfterSeconds], { cause, retryAfterSeconds });
    this.isTemporary = isTemporary;
  }
}

/** Makes a fault of reading an original one that a client can be told. */
export function toReadError(cause: unknown): ServiceError {
  if (!MISSING.has(codeOf(cause))) return toStorageError('read the original', cause);
  return new ServiceError('FILE_GONE', ['original'], { cause });
}

/**
 * Makes a fault of a file system or of a bucket one that a client can be told: what the service could not do, and no paths.
 *
 * @param act what was tried, such as `store the upload`
 */
export function toStorageError(act: string, cause: unknown): StorageError {
  const code = codeOf(cause);
  if (FULL.has(code)) {
    return new StorageError('STORAGE_FULL', `could not ${act} (${code})`, {
      isTemporary: true,
      retryAfterSeconds: 60,
      cause,
    });
  }
  return new StorageError('STORAGE_UNAVAILABLE', `could not ${act} (${code})`, {
    isTemporary: TEMPORARY.has(code),
    retryAfterSeconds: 10,
    cause,
  });
}

function codeOf(cause: unknown): string {
  const { code, name } = cause as NodeJS.ErrnoException;
  return code ?? name ?? 'unknown';
}
