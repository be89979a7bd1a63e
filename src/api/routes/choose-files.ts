import { z } from 'zod';
import type { FileStatus } from '../../queue/read-status.ts';
import { ServiceError } from '../../shared/errors.ts';

/** OpenAPI description of the positions of files. */
export function filesProperty(description: string) {
  return { type: 'array' as const, items: { type: 'integer' as const, minimum: 0 }, description };
}

/**
 * Chooses the files of a batch to process again. By default these are all that were not deleted.
 *
 * @param files all files of the batch
 * @param given the positions that the client sent, if any
 * @returns positions
 * @throws {ServiceError} `INVALID_OPTION`, or `FILE_DELETED` if one of the given files, or every file, was deleted
 */
export function chooseFiles(files: readonly FileStatus[], given: unknown): number[] {
  return withoutDeleted(files, readIndexes(given, files.length), [...files.keys()]);
}

/**
 * Chooses the same among the files that failed.
 *
 * @throws {ServiceError} as {@link chooseFiles}, and `NOTHING_FAILED` if no file has failed
 */
export function chooseFailedFiles(files: readonly FileStatus[], given: unknown): number[] {
  const failed = [...files.keys()].filter((position) => files[position]?.failure);
  const chosen = readIndexes(given, files.length);
  if (failed.length === 0) throw new ServiceError('NOTHING_FAILED', []);
  const others = chosen?.filter((position) => !failed.includes(position)) ?? [];
  if (others.length > 0) {
    const problem = `files must be positions of files that failed, and these did not: ${others.join(', ')}`;
    throw new ServiceError('INVALID_OPTION', [[problem]]);
  }
  return withoutDeleted(files, chosen, failed);
}

function withoutDeleted(files: readonly FileStatus[], chosen: number[] | undefined, byDefault: number[]): number[] {
  const wanted = chosen ?? byDefault;
  const kept = wanted.filter((position) => !files[position]?.deletedAt);
  if (kept.length > 0 && (!chosen || kept.length === wanted.length)) return kept;
  throw new ServiceError('FILE_DELETED', [{ positions: wanted.filter((position) => !kept.includes(position)) }]);
}

/**
 * Reads positions of files: a JSON array, or in a form a list such as `0,2`.
 *
 * @returns `undefined` if there are none
 * @throws {ServiceError} `INVALID_OPTION`
 */
function readIndexes(given: unknown, count: number): number[] | undefined {
  if (given === undefined || given === '') return undefined;
  const toPosition = (text: string) => (/^\s*\d{1,9}\s*$/.test(text) ? Number(text) : text);
  const list =
    typeof given === 'string'
      ? given
          .replace(/^\[|\]$/g, '')
          .split(',')
          .map(toPosition)
      : given;
  const parsed = z
    .array(
      z
        .int()
        .min(0)
        .max(count - 1),
    )
    .nonempty()
    .safeParse(list);
  if (parsed.success && new Set(parsed.data).size === parsed.data.length) return parsed.data;
  const problem = `files must be a list of different positions from 0 to ${count - 1}, such as [0, 2]`;
  throw new ServiceError('INVALID_OPTION', [[problem]]);
}
