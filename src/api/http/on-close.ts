import type { Request, Response } from 'express';

/**
 * Calls a listener once, when a request or a response is closed, or at once if it is closed already. After an `await`, a handler must
 * not use `once('close')`: the client may have disconnected meanwhile, and then the event never comes.
 */
export function onClose(stream: Request | Response, listener: () => void): void {
  if (stream.closed) listener();
  else stream.once('close', listener);
}
