import type { IncomingMessage } from 'node:http';
import { v4 as uuid } from 'uuid';

/** What is taken over from a client: nothing that could break a log line or grow it without end. */
const acceptable = /^[\w.:+/=-]{1,128}$/;

/** The id of a request: the client's own `X-Request-Id`, so that its log and ours can be joined, or a new one. */
export function requestId(req: IncomingMessage): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && acceptable.test(given) ? given : uuid();
}
