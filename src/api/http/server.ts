import { createServer, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Express } from 'express';
import type { Config } from '../../shared/config.ts';
import { ServiceError } from '../../shared/errors.ts';
import { toProblem } from './problem.ts';
import { setUnreadTimeout } from './unread-timeout.ts';

/** Time limit for receiving the headers of a request. */
const HEADERS_TIMEOUT_MS = 10_000;
/**
 * How long an idle connection is kept open. It is longer than the usual minute of proxies. If we closed the connection first, a proxy
 * might just be sending the next request on it, and that request would fail.
 */
const KEEP_ALIVE_MS = 75_000;
/** Time without traffic after which a connection is destroyed. It is longer than any response takes to start. */
const IDLE_TIMEOUT_MS = 90_000;
/** Time for a rejected client to read the response before its connection is destroyed. */
const LINGER_MS = 1000;
/** Interval at which Node checks for requests that have timed out. */
const TIMEOUT_CHECK_INTERVAL_MS = 2000;

/**
 * Creates the HTTP server of an app. It does not listen yet.
 *
 * @param requestTimeoutMs time limit for receiving a complete request
 * @param idleTimeoutMs time without traffic after which a connection is destroyed
 */
export function createHttpServer(
  app: Express,
  { requestTimeoutMs, idleTimeoutMs = IDLE_TIMEOUT_MS }: Pick<Config, 'requestTimeoutMs'> & { idleTimeoutMs?: number },
): Server {
  const server = createServer({
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    // The app itself responds to a slow upload at `requestTimeoutMs`. This later limit is for all other requests.
    requestTimeout: requestTimeoutMs + LINGER_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    // The app rejects these requests itself, with an error message.
    requireHostHeader: false,
  });
  server.timeout = idleTimeoutMs;
  server.on('connection', (socket) => setUnreadTimeout(socket, idleTimeoutMs));
  server.on('request', app);
  // Without this, Node responds 100 (Continue) before the app has seen the headers, and the client sends its body.
  server.on('checkContinue', app);
  // An unknown expectation may be ignored (RFC 9110, section 10.1.1).
  server.on('checkExpectation', app);
  server.on('clientError', rejectInvalidRequest);
  return server;
}

/** Responds to data that is not valid HTTP, and to incomplete requests. The app never sees them. */
function rejectInvalidRequest(cause: NodeJS.ErrnoException, socket: Socket): void {
  // If a response has been sent on this connection, another one might end up in the middle of it.
  if (!socket.writable || socket.bytesWritten > 0 || cause.code === 'ECONNRESET') return void socket.destroy();
  const error = toServiceError(cause);
  const body = JSON.stringify(toProblem(error));
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Destroys the socket if the client keeps sending after the error response.
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}

function toServiceError(cause: NodeJS.ErrnoException): ServiceError {
  switch (cause.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ServiceError('HEADERS_TOO_LARGE', []);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ServiceError('REQUEST_TIMEOUT', ['its headers did not arrive in time']);
    default:
      return new ServiceError('BAD_REQUEST', ['The service could not understand the request: it is not valid HTTP.']);
  }
}

/** Stops accepting connections, waits for running requests, and closes idle connections. */
export async function closeHttpServer(server: Server): Promise<void> {
  const closed = promisify(server.close.bind(server))();
  // Connections are kept alive, so each becomes idle only after its current request. Close them repeatedly until none is left.
  const closeIdle = setInterval(() => server.closeIdleConnections(), 50);
  await closed.finally(() => clearInterval(closeIdle));
}
