import { ServiceError } from '../../shared/errors.ts';

const MINUTE_MS = 60_000;
/** Maximum failed attempts per minute of one address. */
const MAX_PER_ADDRESS = 10;
/** Maximum failed attempts per minute of all addresses together. */
const MAX_IN_TOTAL = 100;

/**
 * Limits attempts to guess a password. Above the limit even the right password is rejected. Otherwise an attacker could go on guessing.
 *
 * An address that has once sent the right password is exempt from the limit of all addresses together, so that attackers cannot lock it
 * out. The counts are in the memory of this process. So the limit also works without Redis, and simultaneous attempts cannot pass it.
 *
 * @returns a function to call with each attempt. It throws `RATE_LIMITED` if the attempt must be rejected, whatever the password.
 */
export function createAttemptLimit(): (address: string, isRight: boolean) => void {
  const known = new Set<string>();
  let failures = new Map<string, number>();
  let endsAt = 0;

  return (address, isRight) => {
    const now = performance.now();
    if (now >= endsAt) [failures, endsAt] = [new Map(), now + MINUTE_MS];
    const ofAddress = failures.get(address) ?? 0;
    const inTotal = [...failures.values()].reduce((sum, count) => sum + count, 0);
    if (ofAddress >= MAX_PER_ADDRESS || (inTotal >= MAX_IN_TOTAL && !known.has(address))) {
      const seconds = Math.ceil((endsAt - now) / 1000);
      throw new ServiceError('RATE_LIMITED', [{ passwordRetrySeconds: seconds }], { retryAfterSeconds: seconds });
    }
    if (isRight) known.add(address);
    else failures.set(address, ofAddress + 1);
  };
}
