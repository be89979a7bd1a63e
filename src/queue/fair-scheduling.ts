import type { RedisConnection } from './connection.ts';
import type { ServiceKeys } from './keys.ts';

/** Highest priority that BullMQ takes. Files whose turn is later go in the order of their arrival. */
const LAST_TURN = 2 ** 21 - 1;

/**
 * Gives a client's files their turns, so that each client with waiting files gets as many as any other, however many
 * files it has: start-time fair queueing (Goyal, Vin, Cheng, 1996) with each file as one unit of work. A turn becomes the
 * BullMQ priority of the file's job; the lowest is next.
 *
 * The present turn is that of the job at the head. A client goes on after its own last turn, or joins at the present one.
 * Only clients that are ahead of the present turn are remembered, so this forgets them by itself, and all of them when
 * nothing waits. Both steps are O(log n).
 *
 * It also notes the batch as one whose originals are about to be stored, for the sweeper.
 *
 * KEYS: waiting jobs, turns by client, incoming batches. ARGV: client, files, batch, milliseconds now.
 */
const SCRIPT = `
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if not head then redis.call('DEL', KEYS[2]) end
local present = math.max(math.floor(tonumber(head or 0) / 4294967296), 1)
-- A job that is tried again keeps its old turn; it does not turn back the time for the others.
present = math.max(present, tonumber(redis.call('ZSCORE', KEYS[2], '') or 1))
local own = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or 0)
local first = math.max(own + 1, present)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. present)
redis.call('ZADD', KEYS[2], present, '', first + ARGV[2] - 1, ARGV[1])
return first
`;

/**
 * Announces a batch before anything of it is stored for good, and gives its files their turns.
 *
 * @param waitingKey of BullMQ's sorted set of the waiting jobs
 * @param batch with the number of its files
 * @returns the turn of the first file; each further one has the next
 */
export async function announceBatch(
  redis: RedisConnection,
  waitingKey: string,
  { turns, incoming }: ServiceKeys,
  { batchId, client, files }: { batchId: string; client: string; files: number },
): Promise<number> {
  const turn = await redis.eval(SCRIPT, 3, waitingKey, turns, incoming, client, files, batchId, Date.now());
  return Number(turn);
}

/** BullMQ priority of a turn. */
export function priorityOf(turn: number): number {
  return Math.min(turn, LAST_TURN);
}
