import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { ServiceError } from '../../shared/errors.ts';
import { sendProblem } from '../problem.ts';

/** Milliseconds in which a client that is still sending can notice the answer before it is cut off. */
const LINGER_MS = 1000;
/** Bytes that it can send in that time, at most: as much as most uploads have, unless it has sent too much already. */
const LINGER_BYTES = 64 * 1024 * 1024;
const LINGER_BYTES_TOO_LARGE = 1024 * 1024;

/** Answers whatever no route has answered. */
export const unknownRoute: RequestHandler = (req) => {
  throw new ServiceError('ROUTE_NOT_FOUND', `There is no ${req.path} here. See /docs for what there is.`);
};

/**
 * Makes a handler for the methods that a route does not have.
 *
 * @param allowed the methods that it has, as in `GET, HEAD`
 */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (req, res) => {
    if (req.method === 'OPTIONS') return void res.set('Allow', allowed).sendStatus(204);
    throw new ServiceError('METHOD_NOT_ALLOWED', `${req.method} is not possible at ${req.path}. Use ${allowed}.`, {
      headers: { Allow: allowed },
    });
  };
}

/** Lets pass what only reads; for what is mounted whole and has no routes of its own. */
export const onlyReads: RequestHandler = (req, res, next) =>
  ['GET', 'HEAD'].includes(req.method) ? next() : methodNotAllowed('GET, HEAD')(req, res, next);

/** Turns whatever was thrown into an answer; what was not foreseen is logged and answered without its internals. */
export const errorHandler: ErrorRequestHandler = (error, req, res, next) => {
  const known = toServiceError(error, req.id);
  res.locals.problemCode = known.code;
  // For the request's log line: of a client's fault what it was, of ours everything.
  if (known.status >= 500) res.err = error;
  else res.locals.refusal = { code: known.code, detail: known.message };
  if (res.headersSent) return next(error);
  stopReading(req, res, known.code === 'REQUEST_TOO_LARGE' ? LINGER_BYTES_TOO_LARGE : LINGER_BYTES);
  sendProblem(res, known);
};

function toServiceError(error: unknown, requestId: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  // Express's own refusals, such as a path with a broken percent-encoding.
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  if (status >= 400 && status < 500) {
    return new ServiceError('BAD_REQUEST', 'The request could not be understood. Check its address and headers.', {
      cause: error,
    });
  }
  const detail = `Something went wrong that should not have. The service's log has it under request ${requestId}.`;
  return new ServiceError('INTERNAL_ERROR', detail, { cause: error });
}

/**
 * What a client still sends when it is refused is thrown away, and after a while, or too much of that, the connection is cut.
 * Not at once, since that would reset the connection before the client has read why.
 */
function stopReading(req: Request, res: Response, mostBytes: number): void {
  if (req.complete) return;
  res.once('finish', () => {
    const { socket } = req;
    const cut = setTimeout(() => socket.destroy(), LINGER_MS);
    let left = mostBytes;
    const count = (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) socket.destroy();
    };
    socket.on('data', count);
    const stop = () => {
      clearTimeout(cut);
      socket.off('data', count);
    };
    req.once('end', stop);
    socket.once('close', stop);
  });
}
