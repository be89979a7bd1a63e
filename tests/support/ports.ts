import { freePort as anyFreePort, isFree } from '../../scripts/find-redis.ts';

/** Below the ephemeral ports, so that no outgoing connection takes a port before the test uses it. */
const [LOWEST, RANGE] = [10_000, 4000];
/** Each Jest worker has its own range, since a port stays free for other workers until something listens on it. */
const first = LOWEST + (Number(process.env.JEST_WORKER_ID ?? 0) % 5) * RANGE;
let next = Math.floor(Math.random() * RANGE);

/** Finds a port on which nothing listens and which no other test receives. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < RANGE; tries += 1) {
    // Increment before the check: a concurrent call must not receive the same port.
    const port = first + next;
    next = (next + 1) % RANGE;
    if (await isFree(port)) return port;
  }
  return anyFreePort();
}
