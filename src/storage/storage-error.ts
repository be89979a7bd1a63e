import { ServiceError } from '../shared/errors.ts';

/** Error codes of file systems and S3 servers for a full storage. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'QuotaExceeded', 'XMinioStorageFull']);

/**
 * Error codes for a file system that is unavailable as a whole, so that a retry can succeed later. Other codes, such as `ENOTDIR`,
 * concern one path, and a retry would fail again.
 */
const TEMPORARY = new Set([
  'EROFS', // remounted read-only, by an operator or by the kernel after an error
  ...['EACCES', 'EPERM'], // permissions of the folder
  ...['EIO', 'ENXIO', 'ENODEV'], // the disk is failing or missing
  ...['ESTALE', 'ETIMEDOUT', 'EHOSTDOWN', 'ENOTCONN'], // the server of a network file system is unreachable
  ...['EMFILE', 'ENFILE', 'ENOMEM'], // limits of the process or of the operating system
]);

/** Error codes of file systems and S3 servers for a missing file. */
const MISSING = new Set(['ENOENT', 'NoSuchKey']);

/** An error of the storage. */
export class StorageError extends ServiceError<'STORAGE_FULL' | 'STORAGE_UNAVAILABLE'> {
  /** Whether the storage as a whole is full or unavailable at the moment, so that the same operation can succeed later. */
  readonly isTemporary: boolean;

  /** The operation that failed, such as `could not store the result (EIO)`. */
  readonly problem: string;

  constructor(
    code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE',
    problem: string,
    { isTemporary, retryAfterSeconds, cause }: { isTemporary: boolean; retryAfterSeconds: number; cause: unknown },
  ) {
    super(code, [problem, retryAfterSeconds], { cause, retryAfterSeconds });
    this.problem = problem;
    this.isTemporary = isTemporary;
  }
}

/** Converts an error from reading an original to an error with a message for clients. */
export function toReadError(cause: unknown): ServiceError {
  if (!MISSING.has(codeOf(cause))) return toStorageError('read the original', cause);
  return new ServiceError('FILE_GONE', ['original'], { cause });
}

/**
 * Converts an error of a file system or an S3 server to an error for clients. Its message says which operation failed, and never
 * contains a path.
 *
 * @param operation the operation that failed, such as `store the upload`
 */
export function toStorageError(operation: string, cause: unknown): StorageError {
  const code = codeOf(cause);
  if (FULL.has(code)) {
    return new StorageError('STORAGE_FULL', `could not ${operation} (${code})`, {
      isTemporary: true,
      retryAfterSeconds: 60,
      cause,
    });
  }
  return new StorageError('STORAGE_UNAVAILABLE', `could not ${operation} (${code})`, {
    isTemporary: TEMPORARY.has(code),
    retryAfterSeconds: 10,
    cause,
  });
}

function codeOf(cause: unknown): string {
  const { code, name } = cause as NodeJS.ErrnoException;
  return code ?? name ?? 'unknown';
}
