import { freePort as anyFreePort, isFree } from '../../scripts/find-redis.ts';

/** Below what systems give out by themselves, so that none of these is taken by a connection before it is used. */
const [LOWEST, RANGE] = [10_000, 4000];
/** Each of Jest's workers has a range of its own: a port is free for anyone until something listens on it. */
const first = LOWEST + (Number(process.env.JEST_WORKER_ID ?? 0) % 4) * RANGE;
let next = Math.floor(Math.random() * RANGE);

/** A port that nothing listens on and that no other test is given. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < RANGE; tries += 1) {
    // Taken before it is looked at: another may ask meanwhile.
    const port = first + next;
    next = (next + 1) % RANGE;
    if (await isFree(port)) return port;
  }
  return anyFreePort();
}
