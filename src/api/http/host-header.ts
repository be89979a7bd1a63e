import type { RequestHandler } from 'express';
import { ServiceError } from '../../shared/errors.ts';

/** `uri-host [ ":" port ]` of RFC 9110, section 7.2. */
const HOST = /^(?:\[[^[\]\s/?#@]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i;

/** Rejects requests without exactly one valid `Host` header (RFC 9112, section 3.2). A proxy might read another host from them. */
export const requireOneHost: RequestHandler = (req, _res, next) => {
  const hosts = req.headersDistinct.host ?? [];
  const [host] = hosts;
  if (hosts.length > 1) throw bad(`The request has ${hosts.length} Host headers`);
  if (host === undefined && req.httpVersion === '1.1') throw bad('The request has no Host header');
  if (host !== undefined && !HOST.test(host)) throw bad(`There is no host in the Host header ${JSON.stringify(host)}`);
  next();
};

function bad(reason: string): ServiceError {
  return new ServiceError('BAD_REQUEST', [`${reason}. Send one, with the name or address of this service.`]);
}
