import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';
import type { Config } from '../../shared/config.ts';
import { ServiceError } from '../../shared/errors.ts';

/** Length of the IPv6 prefix that identifies a client. Providers assign at least a /64 network to each customer. */
const IPV6_NETWORK_BITS = 64;

/** Query parameters in which other services accept API keys. */
const KEY_PARAMETER = /^(?:x-)?(?:api|access|auth)?[-_]?(?:key|token)$/i;

/** The client that sent a request. */
export interface Client {
  /** Identifies the client in rate limits and fair scheduling: the name of its key, or its address. */
  id: string;
  /** Name of its key, which owns its batches; `undefined` without a valid key. */
  owner: string | undefined;
  /** When the signed link of the request expires, in milliseconds since 1970. The client may then read the file of the link. */
  linkExpiresAt?: number;
}

/** Returns the client of a request. {@link identifyClient} must have run before. */
export function clientOf(res: Response): Client {
  return res.locals.client;
}

/** Identifies the client of each request. Rejects none: see {@link requireKey}. */
export function identifyClient(apiKeys: Config['apiKeys']): RequestHandler {
  return (req, res, next) => {
    const owner = ownerOf(givenKey(req), apiKeys);
    const id = owner === undefined ? `address:${addressOf(req)}` : `key:${owner}`;
    res.locals.client = { id, owner } satisfies Client;
    next();
  };
}

/** Returns the IPv4 address of the client, or its IPv6 network. */
export function addressOf(req: Request): string {
  return ipKeyGenerator(req.ip ?? '', IPV6_NETWORK_BITS);
}

/** Rejects requests without a valid key or a signed link, if keys are configured. */
export function requireKey(apiKeys: Config['apiKeys']): RequestHandler {
  return (req, res, next) => {
    const { owner, linkExpiresAt } = clientOf(res);
    if (apiKeys.length === 0 || owner !== undefined || linkExpiresAt !== undefined) return next();
    throw new ServiceError('UNAUTHORIZED', [problemOf(req)], { headers: { 'WWW-Authenticate': 'Bearer' } });
  };
}

function problemOf(req: Request) {
  if (givenKey(req) !== undefined) return 'unknown key';
  const isInAddress = Object.keys(req.query).some((name) => KEY_PARAMETER.test(name));
  return isInAddress ? 'key in the address' : 'no key';
}

function givenKey(req: Request): string | undefined {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(req.get('Authorization') ?? '') ?? [];
  return bearer ?? req.get('X-API-Key');
}

/** Finds the owner of a key. Compares it with every key in constant time, so that the response time reveals nothing about the keys. */
function ownerOf(key: string | undefined, apiKeys: Config['apiKeys']): string | undefined {
  if (key === undefined) return undefined;
  const given = createHash('sha256').update(key).digest();
  const [match] = apiKeys.filter(({ hash }) => timingSafeEqual(hash, given));
  return match?.name;
}
