import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type BatchState, batchStates } from '../../queue/batch-job.ts';
import type { BatchQuery } from '../../queue/list-batches.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import { ServiceError } from '../../shared/errors.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { readQuery } from '../http/query.ts';
import { batchList } from '../openapi/examples.ts';
import { guardedProblems, json } from '../openapi/responses.ts';
import { tag } from '../upload/batch-fields.ts';
import { batchListResponse, toBatchListEntry } from '../views/status.ts';

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 20;

const limitError = `must be a whole number from 1 to ${MAX_LIMIT}`;
const time = z.iso.datetime({ offset: true, error: 'must be a time in ISO 8601, such as 2026-11-23T06:00:00Z' });
const statusError = `must be one or several of ${batchStates.join(', ')}, comma-separated`;

const listQuery = z.strictObject({
  status: z
    .string({ error: statusError })
    .refine((list) => list.split(',').every((name) => batchStates.includes(name as BatchState)), {
      error: statusError,
    })
    .optional()
    .meta({ description: 'One or several statuses, comma-separated; all by default', example: 'completed' }),
  tag: tag.optional().meta({ description: 'A tag that the batches have' }),
  from: time.optional().meta({ description: 'Created at this time or later' }),
  to: time.optional().meta({ description: 'Created before this time' }),
  limit: z
    .string({ error: limitError })
    .regex(/^([1-9]\d?|100)$/, { error: limitError })
    .optional()
    .meta({ description: `Maximum number of batches, up to ${MAX_LIMIT}; ${DEFAULT_LIMIT} by default` }),
  cursor: z
    .string({ error: 'must be given once' })
    .optional()
    .meta({ description: '`cursor` of the previous page; the other parameters except `limit` must stay the same' }),
});

/** `GET /batches`: the batches of the client, newest first. */
export function listBatchesRoute({ queue }: { queue: QueueClient }): Route {
  return defineRoute('/batches', {
    get: {
      operation: {
        operationId: 'listBatches',
        tags: ['Status'],
        summary: 'The batches of this client, newest first',
        description:
          'With API keys: the batches of the key. Without: those that were sent from the address of the client. ' +
          'A page may have fewer batches than `limit`. It is the last one if `cursor` is `null`.',
        request: { query: listQuery },
        responses: {
          200: json('A page of the list', batchListResponse, { batches: batchList }, { Link: linkHeader }),
          ...guardedProblems('INVALID_PARAMETER'),
        },
      },
      async handler(req, res) {
        const { cursor, limit, ...filters } = readQuery(listQuery, req);
        const { id: client } = clientOf(res);
        const scope = scopeOf(client, filters);
        const { batches, next } = await queue.listBatches({
          ...toQuery(client, filters),
          after: cursor === undefined ? undefined : readCursor(cursor, scope),
          limit: Number(limit ?? DEFAULT_LIMIT),
        });
        res.set('Cache-Control', 'no-store');
        const nextCursor = next === undefined ? null : writeCursor(next, scope);
        if (nextCursor !== null) {
          const query = new URLSearchParams({ ...(req.query as Record<string, string>), cursor: nextCursor });
          res.set('Link', `</batches?${query}>; rel="next"`);
        }
        res.json({ batches: batches.map(toBatchListEntry), cursor: nextCursor });
      },
    },
  });
}

const linkHeader = {
  schema: { type: 'string' },
  description: 'The next page, as `rel="next"` (RFC 8288); only while there is one',
} as const;

type Filters = Omit<z.infer<typeof listQuery>, 'cursor' | 'limit'>;

function toQuery(client: string, { status, tag, from, to }: Filters): Omit<BatchQuery, 'limit'> {
  return {
    client,
    statuses: status === undefined ? batchStates : (status.split(',') as BatchState[]),
    tag,
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
  };
}

/** Identifies the list that a cursor belongs to: the client and the filters. */
function scopeOf(client: string, { status, tag, from, to }: Filters): string {
  return createHash('sha256')
    .update(JSON.stringify([client, status, tag, from, to]))
    .digest('base64url')
    .slice(0, 16);
}

const MEMBER = /^\d{13}:[\da-f-]{36}$/;

function writeCursor(member: string, scope: string): string {
  return Buffer.from(`${scope}:${member}`).toString('base64url');
}

/** @throws {ServiceError} `INVALID_PARAMETER` if the cursor belongs to another list */
function readCursor(cursor: string, scope: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const member = text.slice(scope.length + 1);
  if (text.startsWith(`${scope}:`) && MEMBER.test(member)) return member;
  const problem = 'cursor does not belong to this list; take it from the previous page, with the same other parameters';
  throw new ServiceError('INVALID_PARAMETER', [[problem], Object.keys(listQuery.shape)]);
}
