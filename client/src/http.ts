import pRetry from 'p-retry';
import { delay } from './delay.ts';
import { AsyncImagesError, errorOf, isTemporary } from './errors.ts';

/** The part of `fetch` that the client uses. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** Where the service is, and how to call it. */
export interface HttpOptions {
  /** Address of the service, such as `https://images.example.com`. */
  baseUrl: string | URL;
  apiKey?: string | undefined;
  /** Replaces the global `fetch`. */
  fetch?: Fetch | undefined;
  /** How often a request is sent, at most, while errors are temporary. 8 by default; `Infinity` retries until the signal aborts. */
  maxAttempts?: number | undefined;
}

/** A request to the service. */
export interface Call {
  method?: 'GET' | 'POST' | 'DELETE';
  headers?: Record<string, string>;
  /** Makes the body of each attempt. */
  makeBody?: () => RequestInit & { headers?: Record<string, string> };
  signal?: AbortSignal | undefined;
  maxAttempts?: number;
}

/** Sends requests to the service. */
export interface Http {
  /**
   * Sends a request, and again while the error is temporary, after `Retry-After` and a growing delay.
   *
   * @param read reads the response; an interruption meanwhile counts as a network error
   * @throws {AsyncImagesError} the last error
   */
  send<T>(path: string, call: Call, read: (response: Response) => T | Promise<T>): Promise<T>;
}

const MIN_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;

/** Creates the connection to a service. */
export function createHttp(options: HttpOptions): Http {
  const { baseUrl, apiKey, maxAttempts = 8 } = options;
  const send: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  const base = new URL(baseUrl).href.replace(/\/+$/, '');
  const authorization: Record<string, string> = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};

  async function attempt<T>(path: string, call: Call, read: (response: Response) => T | Promise<T>): Promise<T> {
    const { headers: bodyHeaders, ...body } = call.makeBody?.() ?? {};
    try {
      const response = await send(`${base}${path}`, {
        method: call.method ?? 'GET',
        headers: { ...authorization, ...call.headers, ...bodyHeaders },
        ...body,
        ...(call.signal && { signal: call.signal }),
      });
      if (!response.ok) throw await errorOf(response);
      return await read(response);
    } catch (error) {
      call.signal?.throwIfAborted();
      throw error instanceof AsyncImagesError ? error : toNetworkError(error, base);
    }
  }

  return {
    send(path, call, read) {
      const { signal } = call;
      return pRetry(() => attempt(path, call, read), {
        retries: (call.maxAttempts ?? maxAttempts) - 1,
        minTimeout: MIN_DELAY_MS,
        maxTimeout: MAX_DELAY_MS,
        randomize: true,
        signal,
        shouldRetry: async ({ error }) => {
          if (!isTemporary(error)) return false;
          const { retryAfterSeconds = 0 } = error as AsyncImagesError;
          await delay(retryAfterSeconds * 1000, signal);
          return true;
        },
      });
    },
  };
}

function toNetworkError(error: unknown, base: string): unknown {
  const { name, cause } = error as Partial<Error>;
  if (name === 'SyntaxError') {
    const text = `The response of ${base} is not valid JSON. Check the address.`;
    return new AsyncImagesError('INVALID_RESPONSE', text, { cause: error });
  }
  // `fetch` reports a failed connection as a TypeError. In Node.js its cause has the reason.
  if (name !== 'TypeError') return error;
  const { code, message } = (cause ?? error) as { code?: string; message?: string };
  const text = `The connection to ${base} failed (${code ?? message}). Check the address and that the service runs.`;
  return new AsyncImagesError('NETWORK_ERROR', text, { cause: error });
}
