import { ZodError } from 'zod';

/** Errors that JSON, dates, arrays and schemas throw for invalid values. */
const unreadable = [ZodError, SyntaxError, TypeError, RangeError];

/**
 * Returns whether an error means that this version cannot read data in Redis, because it is corrupt or a newer version wrote it. A
 * retry would fail again.
 */
export function isUnreadable(error: unknown): boolean {
  return unreadable.some((Kind) => error instanceof Kind);
}

/** Parses JSON from Redis. Returns `undefined` if it is corrupt, so that the caller's schema decides how to handle that. */
export function parseStored(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
