import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';
import type { Config } from '../../shared/config.ts';
import { ServiceError } from '../../shared/errors.ts';

/** Bits of an IPv6 address that tell one client from another: a network is given to one customer. */
const IPV6_NETWORK_BITS = 64;

/** Names under which clients of other services send their keys in the address. */
const KEY_PARAMETER = /^(?:x-)?(?:api|access|auth)?[-_]?(?:key|token)$/i;

/** Who makes a request. */
export interface Client {
  /** What the limits and the fair order count by: the name of the key, or the address. */
  id: string;
  /** Name of the key, to which batches belong; `undefined` where the service is open to all. */
  owner: string | undefined;
}

/** The client of a request that has passed {@link identifyClient}. */
export function clientOf(res: Response): Client {
  return res.locals.client;
}

/** Finds out who makes a request, and lets everybody pass. */
export function identifyClient(apiKeys: Config['apiKeys']): RequestHandler {
  return (req, res, next) => {
    const owner = ownerOf(givenKey(req), apiKeys);
    const id = owner === undefined ? `address:${addressOf(req)}` : `key:${owner}`;
    res.locals.client = { id, owner } satisfies Client;
    next();
  };
}

/** The address that a request comes from, or its network of IPv6. */
export function addressOf(req: Request): string {
  return ipKeyGenerator(req.ip ?? '', IPV6_NETWORK_BITS);
}

/** Turns away who has no key, where keys are configured. */
export function requireKey(apiKeys: Config['apiKeys']): RequestHandler {
  return (req, res, next) => {
    if (apiKeys.length === 0 || clientOf(res).owner !== undefined) return next();
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

/** Compares with every key, each in constant time, so that the time of an answer tells nothing about any of them. */
function ownerOf(key: string | undefined, apiKeys: Config['apiKeys']): string | undefined {
  if (key === undefined) return undefined;
  const given = createHash('sha256').update(key).digest();
  const [match] = apiKeys.filter(({ hash }) => timingSafeEqual(hash, given));
  return match?.name;
}
