const MINUTE_MS = 60_000;
/** Maximum failed attempts per minute of one address. */
const MAX_PER_ADDRESS = 10;
/** Maximum failed attempts per minute of all addresses together. */
const MAX_IN_TOTAL = 100;

/** An attempt to guess a password. */
export interface Attempt {
  address: string;
  isRight: boolean;
}

/**
 * Limits attempts to guess a password. Above the limit even the right password is rejected. Otherwise an attacker could go on guessing.
 *
 * An address that has once sent the right password is exempt from the limit of all addresses together, so that attackers cannot lock it
 * out. The counts are in memory. So the limit also works without Redis, and simultaneous attempts cannot pass it.
 *
 * @returns a function to call with each attempt. If the attempt must be rejected, whatever the password, it returns the seconds until the
 * next one is allowed.
 */
export function createAttemptLimit(): (attempt: Attempt) => number | undefined {
  const known = new Set<string>();
  let failures = new Map<string, number>();
  let endsAt = 0;

  return ({ address, isRight }) => {
    const now = performance.now();
    if (now >= endsAt) [failures, endsAt] = [new Map(), now + MINUTE_MS];
    const ofAddress = failures.get(address) ?? 0;
    const inTotal = [...failures.values()].reduce((sum, count) => sum + count, 0);
    if (ofAddress >= MAX_PER_ADDRESS || (inTotal >= MAX_IN_TOTAL && !known.has(address))) {
      return Math.ceil((endsAt - now) / 1000);
    }
    if (isRight) known.add(address);
    else failures.set(address, ofAddress + 1);
    return undefined;
  };
}
