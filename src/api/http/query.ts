import type { Request } from 'express';
import type { z } from 'zod';
import { ServiceError } from '../../shared/errors.ts';

/**
 * Reads the parameters of an address. As with the fields of a form, one that is not known is refused: a client that misspells a
 * name would otherwise get something else than it asked for.
 *
 * @param schema a strict object, whose messages follow the name of a parameter
 * @throws {ServiceError} `INVALID_PARAMETER` that names every fault
 */
export function readQuery<Schema extends z.ZodObject>(
  schema: Schema,
  { query }: Pick<Request, 'query'>,
): z.infer<Schema> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((name) => `${JSON.stringify(name)} is unknown`)
      : `${issue.path.join('.')} ${issue.message}`,
  );
  const known = Object.keys(schema.shape).join(', ');
  throw new ServiceError('INVALID_PARAMETER', `${faults.join('; ')}. The address takes these parameters: ${known}.`);
}
