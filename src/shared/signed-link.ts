import { createHmac, timingSafeEqual } from 'node:crypto';
import type { LinkConfig } from './config.ts';

/**
 * Signs the address of a file, so that a client without a key can read this file, and no other, until the link expires.
 *
 * @param path address below the service, with its query
 * @param expires seconds since 1970
 * @returns the path with the parameters `expires` and `signature`
 */
export function signLink(path: string, expires: number, secret: string): string {
  const [pathname = '', given] = path.split('?');
  const query = new URLSearchParams(given);
  query.set('expires', String(expires));
  query.set('signature', signatureOf(pathname, query, secret));
  return `${pathname}?${query}`;
}

/** Returns whether one of the secrets has signed a link. Compares in constant time. Does not check the expiry. */
export function isSigned(pathname: string, query: URLSearchParams, secrets: readonly string[]): boolean {
  // Compared as text: several texts decode to the same bytes.
  const given = Buffer.from(query.get('signature') ?? '');
  const matches = secrets.filter((secret) => {
    const right = Buffer.from(signatureOf(pathname, query, secret));
    return given.length === right.length && timingSafeEqual(given, right);
  });
  return matches.length > 0;
}

/** HMAC-SHA256 of the path and all other parameters in the order of their names, in base64url. */
function signatureOf(pathname: string, query: URLSearchParams, secret: string): string {
  const signed = new URLSearchParams(query);
  signed.delete('signature');
  signed.sort();
  return createHmac('sha256', secret).update(`${pathname}?${signed}`).digest('base64url');
}

/**
 * Returns when a link expires: not after its batch is deleted.
 *
 * @param wantedMs milliseconds since 1970, as the others
 * @param batchFinishedMs `null` if the batch has not ended
 * @returns seconds since 1970
 */
export function expiryOf(
  wantedMs: number,
  batchFinishedMs: number | null,
  { retentionMs }: Pick<LinkConfig, 'retentionMs'>,
): number {
  const isKept = batchFinishedMs === null || retentionMs === 0;
  return Math.floor((isKept ? wantedMs : Math.min(wantedMs, batchFinishedMs + retentionMs)) / 1000);
}
