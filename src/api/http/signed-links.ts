import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import type { LinkConfig } from '../../shared/config.ts';
import { ServiceError } from '../../shared/errors.ts';
import { expiryOf, isSigned, signLink } from '../../shared/signed-link.ts';
import type { WriteUrl } from '../views/status.ts';
import { clientOf } from './authenticate.ts';
import { readQuery } from './query.ts';

const HOUR_MS = 60 * 60 * 1000;
/** How long the links of a status are valid at least. */
const STATUS_LINK_MS = 24 * HOUR_MS;

/** Query parameter of a route whose response has URLs of results. Such routes have always ignored unknown parameters. */
export const linksQuery = z.object({
  links: z.literal('signed', { error: 'must be signed, and given once' }).optional().meta({
    description:
      '`signed`: each `resultUrl` and `links.result` is an absolute URL that needs no key, valid for a day or until the batch expires',
  }),
});

/** Errors of such a route. */
export const linksErrors = ['INVALID_PARAMETER', 'LINKS_DISABLED'] as const;

/**
 * Lets the client of a signed link read the file of the link without a key. The route must serve this file at this path.
 *
 * @throws {ServiceError} `LINK_INVALID`, or `LINK_EXPIRED` if the signature is right
 */
export function acceptLink(secrets: readonly string[]): RequestHandler {
  return ({ path, query: given }, res, next) => {
    // The parameters as the route reads them. A repeated one becomes a list, which is never signed.
    const query = new URLSearchParams(given as Record<string, string>);
    if (!query.has('expires') && !query.has('signature')) return next();
    if (!isSigned(path, query, secrets)) throw new ServiceError('LINK_INVALID', []);
    const expiresAt = Number(query.get('expires')) * 1000;
    if (expiresAt <= Date.now()) throw new ServiceError('LINK_EXPIRED', [new Date(expiresAt).toISOString()]);
    clientOf(res).linkExpiresAt = expiresAt;
    // The client may show the image in any web page.
    res.set('Cross-Origin-Resource-Policy', 'cross-origin');
    next();
  };
}

/**
 * Returns a function that signs a path, which expires at a time in seconds since 1970. The URL is absolute, unless there is neither a
 * `PUBLIC_URL` nor a `Host` header.
 *
 * @throws {ServiceError} `LINKS_DISABLED`
 */
export function linkSigner(
  { protocol, host }: Pick<Request, 'protocol' | 'host'>,
  { secrets: [secret], publicUrl }: LinkConfig,
): (path: string, expires: number) => string {
  if (secret === undefined) throw new ServiceError('LINKS_DISABLED', ['LINK_SECRET']);
  const origin = publicUrl ?? (host ? `${protocol}://${host}` : '');
  return (path, expires) => origin + signLink(path, expires, secret);
}

/**
 * Returns how the response of a request writes the URLs of results: as paths, or signed with `?links=signed`.
 *
 * @throws {ServiceError} `INVALID_PARAMETER` or `LINKS_DISABLED`
 */
export function urlWriter(req: Request, links: LinkConfig): WriteUrl {
  if (readQuery(linksQuery, req).links === undefined) return (path) => path;
  const sign = linkSigner(req, links);
  // Each status within an hour has the same links, so that caches can serve them.
  const wantedMs = () => Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + STATUS_LINK_MS;
  return (path, finishedAt) => sign(path, expiryOf(wantedMs(), finishedAt?.getTime() ?? null, links));
}
