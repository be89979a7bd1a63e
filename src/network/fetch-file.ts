import type { Readable } from 'node:stream';
import type { Failure } from '../shared/failures.ts';
import type { GuardedClient } from './guarded-client.ts';
import { readRetryAfter } from './retry-after.ts';

/** Maximum number of redirects. */
const MAX_REDIRECTS = 3;
/** Milliseconds for which the server may send nothing. */
const IDLE_TIMEOUT_MS = 15_000;

/** A file could not be fetched. */
export class FetchError extends Error {
  override name = 'FetchError';
  readonly failure: Failure;
  /** Whether another attempt may succeed. */
  readonly isTemporary: boolean;
  /** Milliseconds to wait before it, as the server asked; 0 if it did not. */
  readonly retryAfterMs: number;

  constructor(
    failure: Failure,
    { isTemporary, retryAfterMs = 0, cause }: { isTemporary: boolean; retryAfterMs?: number; cause?: unknown },
  ) {
    super(failure.message, { cause });
    this.failure = failure;
    this.isTemporary = isTemporary;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Returns whether a host is in a list of hosts.
 *
 * @param hosts names in lower case; `*.example.com` stands for all names below `example.com`, `*` for all hosts
 */
export function isListedHost(host: string, hosts: readonly string[]): boolean {
  return hosts.some(
    (listed) => listed === '*' || listed === host || (listed.startsWith('*.') && host.endsWith(listed.slice(1))),
  );
}

/**
 * Fetches a file. Follows up to three redirects, and checks the host and the address of each.
 *
 * @param hosts hosts that are allowed; see {@link isListedHost}
 * @param maxBytes maximum size of the file
 * @param timeoutMs time limit for the whole file
 * @param signal ends the request
 * @returns the content, as it arrives; its iteration may throw a {@link FetchError} too
 * @throws {FetchError}
 */
export async function fetchFile(
  client: Pick<GuardedClient, 'get'>,
  url: string,
  {
    hosts,
    maxBytes,
    timeoutMs,
    signal,
  }: { hosts: readonly string[]; maxBytes: number; timeoutMs: number; signal: AbortSignal },
): Promise<AsyncIterable<Buffer>> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  // A server that compresses images would waste its time: they are compressed already.
  const headers = { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'async-image-service' };
  const request = { headers, idleTimeoutMs: IDLE_TIMEOUT_MS, signal: limited };
  let next = new URL(url);
  for (let redirects = 0; ; redirects += 1) {
    if (!isListedHost(next.hostname, hosts)) throw notAllowed(`${next.hostname} is not one of the allowed hosts`);
    const {
      status,
      headers: received,
      body,
    } = await client.get(next.href, request).catch((error) => {
      throw toFetchError(error, next.host);
    });
    if (status === 200) return read(body, { received, host: next.host, maxBytes });
    // Nothing of this body is needed.
    body.on('error', () => {}).destroy();
    const location = received.location;
    if (!REDIRECTS.has(status) || typeof location !== 'string') throw refused(next.host, status, received);
    if (redirects === MAX_REDIRECTS) throw failed(`${next.host} redirected more than ${MAX_REDIRECTS} times`, false);
    if (!URL.canParse(location, next.href)) throw failed(`${next.host} redirected to an invalid URL`, false);
    next = new URL(location, next);
    if (!['http:', 'https:'].includes(next.protocol)) throw notAllowed(`a redirect leads to a ${next.protocol} URL`);
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Status codes below 500 after which another attempt may succeed. */
const TEMPORARY = new Set([408, 425, 429]);

async function* read(
  body: Readable,
  { received, host, maxBytes }: { received: { 'content-length'?: unknown }; host: string; maxBytes: number },
): AsyncGenerator<Buffer> {
  const tooLarge = () =>
    new FetchError(
      { code: 'IMPORT_TOO_LARGE', message: `the file is larger than ${maxBytes} bytes, the limit for one file` },
      { isTemporary: false },
    );
  let bytes = 0;
  try {
    if (Number(received['content-length']) > maxBytes) throw tooLarge();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge();
      yield chunk;
    }
  } catch (error) {
    throw error instanceof FetchError ? error : toFetchError(error, host);
  } finally {
    // Closes the connection, however much the server sends.
    body.on('error', () => {}).destroy();
  }
}

function notAllowed(message: string): FetchError {
  return new FetchError({ code: 'IMPORT_NOT_ALLOWED', message }, { isTemporary: false });
}

function failed(message: string, isTemporary: boolean, options: { retryAfterMs?: number; cause?: unknown } = {}) {
  return new FetchError({ code: 'IMPORT_FAILED', message }, { isTemporary, ...options });
}

function refused(host: string, status: number, received: { 'retry-after'?: string | string[] | undefined }) {
  const isTemporary = status >= 500 || TEMPORARY.has(status);
  const retryAfterMs = readRetryAfter(received['retry-after'], Date.now());
  return failed(`${host} responded with status ${status}`, isTemporary, { retryAfterMs });
}

/** Converts an error of the connection. Its message names the host, and nothing else of the URL, which may contain a secret. */
function toFetchError(error: unknown, host: string): FetchError {
  const { name, code = '', message } = error as Error & { code?: string };
  if (name === 'AddressNotAllowedError') return notAllowed(`${host}: ${message}`);
  if (name === 'TimeoutError' || code.endsWith('_TIMEOUT') || code === 'ETIMEDOUT') {
    const failure = { code: 'IMPORT_TIMEOUT' as const, message: `${host} did not send the file in time` };
    return new FetchError(failure, { isTemporary: true, cause: error });
  }
  return failed(`${host} could not be reached, or broke the connection (${code || name})`, true, { cause: error });
}
