import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';
import { z } from 'zod';
import { type ErrorCode, errorTypes, type ServiceError } from '../../shared/errors.ts';

/** Body of every error response: RFC 9457, with a stable `code` for programs and a `detail` for people. */
export const problem = z
  .object({
    type: z.literal('about:blank').meta({ description: 'RFC 9457: the status says what kind of problem it is' }),
    title: z.string().meta({ description: 'The status in words' }),
    status: z.int().min(400).max(599).meta({ description: 'Status code of the response' }),
    code: z
      .enum(Object.keys(errorTypes) as [ErrorCode, ...ErrorCode[]])
      .meta({ description: 'Stable name of the problem, for programs' }),
    detail: z.string().meta({ description: 'What was wrong, with what, and what to do' }),
    removedAt: z.iso.datetime().optional().meta({ description: 'With `BATCH_REMOVED`: when it was removed' }),
    deletedAt: z.iso
      .datetime()
      .optional()
      .meta({ description: 'With `FILE_DELETED` of one file: when it was deleted' }),
  })
  .meta({ id: 'Problem' });
/** See {@link problem}. */
export type Problem = z.infer<typeof problem>;

/** Makes the body of an error response. */
export function toProblem({
  code,
  status,
  message,
  members,
}: Pick<ServiceError, 'code' | 'status' | 'message'> & Partial<Pick<ServiceError, 'members'>>): Problem {
  const title = STATUS_CODES[status] ?? 'Error';
  // It may quote the client, and many JSON parsers refuse a lone surrogate.
  return { type: 'about:blank', title, status, code, detail: message.toWellFormed(), ...members };
}

/**
 * Sends an error response. The only place that does.
 *
 * @param lingering of a client that is still sending: the response is complete by its length at once, and the connection is
 *   closed when this resolves
 */
export function sendProblem(res: Response, error: ServiceError, lingering?: Promise<void>): void {
  const body = JSON.stringify(toProblem(error));
  res.status(error.status).set(error.headers);
  if (error.retryAfterSeconds !== undefined) res.set('Retry-After', String(error.retryAfterSeconds));
  res.set({ 'Content-Type': 'application/problem+json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) });
  if (!lingering) return void res.end(body);
  res.set('Connection', 'close').write(body);
  void lingering.then(() => res.end());
}
