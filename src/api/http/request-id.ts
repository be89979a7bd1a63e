import type { IncomingMessage } from 'node:http';
import { v4 as uuid } from 'uuid';

/** Valid ids of clients. They are short and contain no line breaks, since they are written to the log. */
const acceptable = /^[\w.:+/=-]{1,128}$/;

/** Returns the client's `X-Request-Id`, so that its log can be matched with ours. If it is missing or invalid, returns a new id. */
export function requestId(req: IncomingMessage): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && acceptable.test(given) ? given : uuid();
}
