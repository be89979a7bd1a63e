import type { ImageJobResult } from '../queue/image-job.ts';
import type { Failure } from '../shared/failures.ts';
import type { StorageError } from '../storage/storage-error.ts';

/** An error as a child process sends it to the worker, for the log. */
export interface Cause {
  message: string;
  stack?: string | undefined;
}

/** Storage errors that a job waits for. */
export type StorageErrorCode = 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE';

/** Outcome of processing a file, as the function that processes it knows it. */
export type ProcessOutcome =
  /** `written` are the names of the results to publish, in the order of the payload's outputs. */
  | { kind: 'made'; result: ImageJobResult; written: string[] }
  /** `isFinal`: another attempt would fail in the same way. */
  | { kind: 'failed'; failure: Failure; isFinal: boolean; cause?: Cause | undefined }
  | { kind: 'storage unavailable'; error: StorageProblem };

/** A storage error, as plain data. */
export interface StorageProblem {
  code: StorageErrorCode;
  /** The operation that failed, such as `could not store the result (EIO)`. */
  problem: string;
  /** Whether the storage as a whole is full or unavailable, so that waiting can help. */
  isTemporary: boolean;
  cause: Cause;
}

/** Outcome of a run in a child process. */
export type Outcome =
  | ProcessOutcome
  | { kind: 'timed out' }
  | { kind: 'out of memory' }
  /** `how` continues "the process that worked on this image …". */
  | { kind: 'crashed'; how: string; isSilent: boolean }
  | { kind: 'cancelled' };

/** The outcome of a run that a storage error ended. */
export function toStorageOutcome(error: StorageError): ProcessOutcome {
  const { code, problem, isTemporary } = error;
  return { kind: 'storage unavailable', error: { code, problem, isTemporary, cause: toCause(error) } };
}

/** Makes an error plain data. */
export function toCause(error: unknown): Cause {
  const { message, stack, cause } = error instanceof Error ? error : new Error(String(error));
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return { message: `${message}${reason}`, stack };
}
