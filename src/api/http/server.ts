import { createServer, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Express } from 'express';
import type { Config } from '../../shared/config.ts';
import { ServiceError } from '../../shared/errors.ts';
import { cutUnread } from './cut-unread.ts';
import { toProblem } from './problem.ts';

/** Milliseconds in which the headers of a request must have arrived. */
const HEADERS_MS = 10_000;
/**
 * Milliseconds for which a connection is kept when its client asks for nothing more: longer than the minute for which proxies
 * keep theirs, since one that is closed just as it is used again costs its client a request.
 */
const KEEP_ALIVE_MS = 75_000;
/** Milliseconds after which a connection on which nothing moves is cut: longer than any answer lets itself be waited for. */
const SILENCE_MS = 90_000;
/** Milliseconds in which a client that is refused can read why. */
const LINGER_MS = 1000;
/** Milliseconds between two looks at who is too slow. */
const LOOK_EVERY_MS = 2000;

/**
 * Makes the HTTP server of an app; it does not listen yet.
 *
 * @param requestTimeoutMs milliseconds in which a request must have arrived whole
 * @param silenceMs milliseconds after which a connection on which nothing moves is cut
 */
export function createHttpServer(
  app: Express,
  { requestTimeoutMs, silenceMs = SILENCE_MS }: Pick<Config, 'requestTimeoutMs'> & { silenceMs?: number },
): Server {
  const server = createServer({
    headersTimeout: Math.min(HEADERS_MS, requestTimeoutMs),
    // Of an upload the app has by then said so itself.
    requestTimeout: requestTimeoutMs + LINGER_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: LOOK_EVERY_MS,
    // The app refuses these itself, with a reason.
    requireHostHeader: false,
  });
  server.timeout = silenceMs;
  server.on('connection', (socket) => cutUnread(socket, silenceMs));
  server.on('request', app);
  // Without this, Node invites every client to send its body before the app has seen the headers.
  server.on('checkContinue', app);
  // An expectation that nobody knows may be ignored (RFC 9110, section 10.1.1).
  server.on('checkExpectation', app);
  server.on('clientError', refuse);
  return server;
}

/** Answers what is no HTTP, or never became a request: no app has seen it. */
function refuse(cause: NodeJS.ErrnoException, socket: Socket): void {
  // Once something was answered here, more might land in the middle of it.
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
  // Who never stops sending would otherwise never be rid of.
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cut));
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

/** Stops taking requests, lets those that run end, and closes what idles. */
export async function closeHttpServer(server: Server): Promise<void> {
  const closed = promisify(server.close.bind(server))();
  // Connections are kept alive: a client that asks again and again would keep its own open.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await closed.finally(() => clearInterval(sweep));
}
