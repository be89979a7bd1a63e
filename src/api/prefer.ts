import type { Request, Response } from 'express';

/** Seconds that a client may be kept waiting, at most. */
const MAX_WAIT_SECONDS = 60;

/**
 * Reads `Prefer: wait=N` (RFC 7240, section 4.3). What cannot be understood is ignored, as the RFC wants it.
 *
 * @returns milliseconds to wait, or `undefined` when there is no such wish
 */
export function preferredWaitMs(req: Request): number | undefined {
  const [, seconds] = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(req.get('Prefer') ?? '') ?? [];
  return seconds === undefined ? undefined : Math.min(Number(seconds), MAX_WAIT_SECONDS) * 1000;
}

/** Says that the wish was met, and with which number of seconds. */
export function applyWait(res: Response, waitMs: number): void {
  res.set('Preference-Applied', `wait=${waitMs / 1000}`);
}

/** Aborted when the client is gone. */
export function goneSignal(res: Response): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  return gone.signal;
}
