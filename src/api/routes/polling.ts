/** Value of `Retry-After` on every answer that is not final yet: seconds until it is worth asking again. */
export const POLL_AFTER_SECONDS = '1';
