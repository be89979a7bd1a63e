/** Longest `Retry-After` that is obeyed. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** Reads `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). Returns milliseconds, at most a day; 0 if it is absent or invalid. */
export function readRetryAfter(header: string | string[] | undefined, now: number): number {
  const text = String(header ?? '');
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
