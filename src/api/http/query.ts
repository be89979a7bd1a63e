import type { Request } from 'express';
import type { z } from 'zod';
import { ServiceError } from '../../shared/errors.ts';

/**
 * Reads the query parameters of a request. A strict schema refuses an unknown parameter: a client that misspells a name would otherwise
 * get another file than it wanted.
 *
 * @param schema an object, whose messages follow the name of a parameter
 * @throws {ServiceError} `INVALID_PARAMETER` that names every problem
 */
export function readQuery<Schema extends z.ZodObject>(
  schema: Schema,
  { query }: Pick<Request, 'query'>,
): z.infer<Schema> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  throw new ServiceError('INVALID_PARAMETER', [problemsOf(result.error), Object.keys(schema.shape)]);
}

/** Describes every problem of a strict object. Its messages follow the name of a member. */
export function problemsOf({ issues }: z.ZodError): string[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((name) => `${JSON.stringify(name)} is unknown`)
      : `${issue.path.join('.')} ${issue.message}`,
  );
}
