import { ServiceError } from '../../shared/errors.ts';

const MINUTE_MS = 60_000;
/** Failed attempts in a minute: of one address, and of all addresses together. */
const [MAX_OF_ONE, MAX_OF_ALL] = [10, 100];

/**
 * Limits guesses at a password. Above the limit even the right password is refused, or else guessing could go on.
 *
 * An address that has had the right password is exempt from the limit of all addresses together, so that others cannot lock
 * it out. Each process counts in its own memory: the limit holds without Redis, and every count is made before the next
 * attempt is looked at.
 *
 * @returns a function that is called with each attempt and throws `RATE_LIMITED` when the attempt must not count
 */
export function createAttemptLimit(): (address: string, isRight: boolean) => void {
  const known = new Set<string>();
  let failures = new Map<string, number>();
  let endsAt = 0;

  return (address, isRight) => {
    const now = performance.now();
    if (now >= endsAt) [failures, endsAt] = [new Map(), now + MINUTE_MS];
    const ofOne = failures.get(address) ?? 0;
    const ofAll = [...failures.values()].reduce((sum, count) => sum + count, 0);
    if (ofOne >= MAX_OF_ONE || (ofAll >= MAX_OF_ALL && !known.has(address))) {
      const seconds = Math.ceil((endsAt - now) / 1000);
      throw new ServiceError('RATE_LIMITED', [{ passwordRetrySeconds: seconds }], { retryAfterSeconds: seconds });
    }
    if (isRight) known.add(address);
    else failures.set(address, ofOne + 1);
  };
}
