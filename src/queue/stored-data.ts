import { ZodError } from 'zod';

/** What JSON, dates, arrays and schemas throw for values that they cannot take. */
const unreadable = [ZodError, SyntaxError, TypeError, RangeError];

/**
 * Whether an error means that this version cannot read what Redis holds: it is broken, or a newer version wrote it. No
 * retry heals that.
 */
export function isUnreadable(error: unknown): boolean {
  return unreadable.some((Kind) => error instanceof Kind);
}

/** Parses JSON that Redis holds. Returns `undefined` where it is broken, for a schema to decide what that means. */
export function parseStored(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
