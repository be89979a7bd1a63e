import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { ServiceError } from '../../shared/errors.ts';
import { onClose } from './on-close.ts';
import { sendProblem } from './problem.ts';

/** Bytes of a declared body that are read to their end after a refusal, so that the connection can be used again. */
const SHORT_BODY_BYTES = 64 * 1024;
/** Milliseconds that reading such a body may take before the connection is cut. */
const SHORT_BODY_MS = 10_000;
/** Milliseconds in which the client of a longer body can read the response before the connection is closed. */
const LINGER_MS = 1000;
/** Bytes that it may send meanwhile: as much as most uploads have, unless it has sent too much already. */
const LINGER_BYTES = 64 * 1024 * 1024;
const LINGER_BYTES_TOO_LARGE = 1024 * 1024;

/** Responds 404 if no route matches. */
export const unknownRoute: RequestHandler = (req) => {
  throw new ServiceError('ROUTE_NOT_FOUND', [req.path]);
};

/**
 * Makes a handler for methods that a route does not support.
 *
 * @param allowed the supported methods, such as `GET, HEAD`
 */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (req, res) => {
    if (req.method === 'OPTIONS') return void res.set('Allow', allowed).sendStatus(204);
    throw new ServiceError('METHOD_NOT_ALLOWED', [req.method, req.path, allowed], {
      headers: { Allow: allowed },
    });
  };
}

/** Passes only GET and HEAD, for routers of other packages. */
export const onlyReads: RequestHandler = (req, res, next) =>
  ['GET', 'HEAD'].includes(req.method) ? next() : methodNotAllowed('GET, HEAD')(req, res, next);

/** Responds with a thrown error. An unexpected error is only logged; the response reveals nothing about it. */
export const errorHandler: ErrorRequestHandler = (error, req, res, next) => {
  const known = toServiceError(error, req.id);
  res.locals.problemCode = known.code;
  // For the request's log line: the code and detail of a client's error, and everything of ours.
  if (known.status >= 500) res.err = error;
  else res.locals.refusal = { code: known.code, detail: known.message };
  if (res.headersSent) return next(error);
  if (req.complete || !hasBody(req)) return sendProblem(res, known);
  if (isShortBody(req) && known.code !== 'REQUEST_TIMEOUT') {
    sendProblem(res, known);
    void discardBody(req, SHORT_BODY_MS, SHORT_BODY_BYTES).then(() => req.complete || req.socket.destroy());
  } else {
    const maxBytes = known.code === 'REQUEST_TOO_LARGE' ? LINGER_BYTES_TOO_LARGE : LINGER_BYTES;
    sendProblem(res, known, discardBody(req, LINGER_MS, maxBytes));
  }
};

function toServiceError(error: unknown, requestId: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  // Express's own refusals, such as a path with a broken percent-encoding.
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  if (status >= 400 && status < 500) {
    const detail = 'The service could not understand the request. Check its address and headers.';
    return new ServiceError('BAD_REQUEST', [detail], { cause: error });
  }
  return new ServiceError('INTERNAL_ERROR', [{ requestId: String(requestId) }], { cause: error });
}

/** Returns whether a request has a body (RFC 9112, section 6). Node completes even a request without one only after its handler ran. */
function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

/** Returns whether a refused body is so short that reading it is cheaper than opening another connection. */
function isShortBody({ headers }: Request): boolean {
  // A client that expects 100 (Continue) may send its body after a refusal, or the next request at once.
  return headers.expect === undefined && Number(headers['content-length']) <= SHORT_BODY_BYTES;
}

/**
 * Reads the rest of a refused body, and drops it. Closing the connection while bytes arrive would reset it before the
 * client has read the response.
 *
 * @returns resolves once the body has ended or the connection is closed, and after `limitMs` or more than `maxBytes` at the latest
 */
function discardBody(req: Request, limitMs: number, maxBytes: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, limitMs);
    let left = maxBytes;
    req.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) resolve();
    });
    onClose(req, () => {
      clearTimeout(limit);
      resolve();
    });
    // The parser of the form may have paused it.
    req.resume();
  });
}
