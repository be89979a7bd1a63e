import type { Writable } from 'node:stream';
import type { Request, Response } from 'express';
import { ServiceError } from '../../shared/errors.ts';

/** Milliseconds for which a client may send nothing in the middle of its upload. */
const UPLOAD_IDLE_TIMEOUT_MS = 15_000;

/** Limits of the body of an upload. */
interface BodyLimits {
  maxBytes: number;
  /** Time limit for the whole body. */
  requestTimeoutMs: number;
  /** Makes the error for a body of more than `maxBytes`. */
  tooLarge(): ServiceError;
}

/**
 * Pipes the body of an upload into a stream. Lets a client that sent `Expect: 100-continue`, as curl does, begin with its body: call
 * this after all checks of the headers. At a limit it stops, and destroys the stream with the error.
 *
 * @param onError is called with the same error
 */
export function pipeBody(
  req: Request,
  res: Response,
  target: Writable,
  { maxBytes, requestTimeoutMs, tooLarge }: BodyLimits,
  onError: (error: ServiceError) => void = () => {},
): void {
  const giveUp = (error: ServiceError) => {
    req.unpipe(target);
    // Also ends the file that is being written.
    target.destroy(error);
    onError(error);
  };
  const { timeout: usualTimeout = 0 } = req.socket;
  req.setTimeout(UPLOAD_IDLE_TIMEOUT_MS, () =>
    giveUp(tooSlow(`for ${UPLOAD_IDLE_TIMEOUT_MS / 1000} seconds nothing of it arrived`)),
  );
  const limit = setTimeout(
    () => giveUp(tooSlow(`it had not arrived after ${requestTimeoutMs / 1000} seconds`)),
    requestTimeoutMs,
  );
  req.once('close', () => {
    clearTimeout(limit);
    req.socket.setTimeout(usualTimeout);
  });
  let received = 0;
  req.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > maxBytes) giveUp(tooLarge());
  });
  if (/100-continue/i.test(req.headers.expect ?? '')) res.writeContinue();
  req.pipe(target);
}

function tooSlow(reason: string): ServiceError {
  return new ServiceError('REQUEST_TIMEOUT', [reason]);
}
