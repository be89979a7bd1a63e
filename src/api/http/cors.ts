import cors from 'cors';
import type { RequestHandler } from 'express';

/** Header fields of answers that pages of other origins may read. */
const READABLE = [
  'Content-Disposition',
  'ETag',
  'Idempotent-Replayed',
  'Location',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Request-Id',
];

/**
 * Lets pages of other origins call the API from a browser.
 *
 * @param origins such as `https://example.com`, or `*` for all
 */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  return cors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    exposedHeaders: READABLE,
    maxAge: 600,
  });
}
