import type { Response } from 'express';

/**
 * Runs an act once, when the connection of a response is closed: at once if it already is. A handler that has awaited
 * anything must not use `res.once('close')`, since the client may have left meanwhile and the event never comes again.
 */
export function onClose(res: Response, act: () => void): void {
  if (res.closed) act();
  else res.once('close', act);
}
