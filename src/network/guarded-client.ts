import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import { type AddressRange, isAllowedAddress } from './allowed-address.ts';

/** Sends requests to addresses that a client chose, and never to private networks. */
export interface GuardedClient {
  /**
   * Sends a request and ignores the body of the response. Does not follow redirects.
   *
   * @param timeoutMs time limit from the look-up of the host to the headers of the response
   * @throws {AddressNotAllowedError} before anything is sent
   */
  send(url: string, request: GuardedRequest, timeoutMs: number): Promise<{ status: number; headers: Headers }>;
  /**
   * Sends a GET request. Does not follow redirects. The caller must read the body to its end, or destroy it.
   *
   * @param idleTimeoutMs time limit for the headers of the response, and for each pause in its body
   * @param signal ends the request and its body
   * @throws {AddressNotAllowedError} before anything is sent
   */
  get(
    url: string,
    options: { headers: Record<string, string>; idleTimeoutMs: number; signal: AbortSignal },
  ): Promise<{ status: number; headers: Headers; body: Readable }>;
  close(): Promise<void>;
}

interface GuardedRequest {
  method: Dispatcher.HttpMethod;
  headers: Record<string, string>;
  body: string;
}

/** Headers of a response, with names in lower case. */
export type Headers = Record<string, string | string[] | undefined>;

/** The host has no address to which the service may connect. */
export class AddressNotAllowedError extends Error {
  override name = 'AddressNotAllowedError';
}

/**
 * Creates a {@link GuardedClient}. It checks the address that it connects to, not the name of the host: a name can have another address
 * at each look-up.
 *
 * @param allowed ranges that are allowed although they are not public
 * @param resolve returns the addresses of a host; tests pass their own
 */
export function createGuardedClient({
  allowed,
  resolve = resolveHost,
}: {
  allowed: readonly AddressRange[];
  resolve?: (host: string) => Promise<string[]>;
}): GuardedClient {
  async function findAddress(host: string): Promise<string> {
    const addresses = isIP(host) === 0 ? await resolve(host) : [host];
    const address = addresses.find((candidate) => isAllowedAddress(candidate, allowed));
    if (address === undefined) throw new AddressNotAllowedError('the host has no public address');
    return address;
  }

  async function createAgent(): Promise<Agent> {
    const { Agent, buildConnector } = await loadUndici();
    const connect = buildConnector({});
    return new Agent({
      // Each request has its own connection, so that no connection outlives the check of its address for long.
      pipelining: 0,
      connect(options, callback) {
        const host = options.hostname.replace(/^\[|\]$/g, '');
        findAddress(host).then(
          // The certificate must be that of the name.
          (address) => connect({ ...options, hostname: address, servername: isIP(host) === 0 ? host : '' }, callback),
          (error) => callback(error, null),
        );
      },
    });
  }

  let agent: Promise<Agent> | undefined;
  async function request(url: string, options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'>) {
    const undici = await loadUndici();
    agent ??= createAgent();
    return undici.request(url, { ...options, dispatcher: await agent });
  }

  return {
    async send(url, { method, headers, body }, timeoutMs) {
      const response = await request(url, { method, headers, body, signal: AbortSignal.timeout(timeoutMs) });
      // Nothing of the body is needed. Destroying it closes the connection, however much the server sends.
      response.body.on('error', () => {});
      response.body.destroy();
      return { status: response.statusCode, headers: response.headers };
    },
    async get(url, { headers, idleTimeoutMs, signal }) {
      const timeouts = { headersTimeout: idleTimeoutMs, bodyTimeout: idleTimeoutMs };
      const response = await request(url, { method: 'GET', headers, signal, ...timeouts });
      return { status: response.statusCode, headers: response.headers, body: response.body };
    },
    close: async () => (await agent)?.destroy(),
  };
}

/** Loads undici at the first request, because that takes a fifth of the time in which a worker starts. */
const loadUndici = () => import('undici');

async function resolveHost(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
