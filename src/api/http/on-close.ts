import type { Request, Response } from 'express';

/**
 * Runs an act once, when a request or a response is closed: at once if it already is. A handler that has awaited anything must
 * not use `once('close')`, since the client may have left meanwhile and the event never comes again.
 */
export function onClose(stream: Request | Response, act: () => void): void {
  if (stream.closed) act();
  else stream.once('close', act);
}
