import type { RedisConnection } from './connection.ts';
import type { ServiceKeys } from './keys.ts';

/** Largest priority number that BullMQ accepts. Files with a later virtual time run in order of arrival. */
const MAX_PRIORITY = 2 ** 21 - 1;

/**
 * Assigns each file of a batch a virtual time, so that all clients with waiting files get the same share of the workers, however many
 * files they have. This is start-time fair queueing (Goyal, Vin, Cheng, 1996), where each file is one unit of work. The virtual time
 * becomes the BullMQ priority of the file's job. The job with the lowest number runs next.
 *
 * The current virtual time is that of the first waiting job. The files of a client start after its own last virtual time, or at the
 * current one if that is later. Redis keeps only clients that are ahead of the current virtual time, and none if no job waits. Each
 * step takes O(log n).
 *
 * The script also records the batch as incoming, so that the sweeper removes its originals if it is never enqueued.
 *
 * KEYS: waiting jobs, virtual times by client, incoming batches. ARGV: client, number of files, batch id, current time in ms.
 */
const SCRIPT = `
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if not head then redis.call('DEL', KEYS[2]) end
local current = math.max(math.floor(tonumber(head or 0) / 4294967296), 1)
-- The client '' stores the current virtual time. A retried job keeps its old virtual time, and must not set the current one back.
current = math.max(current, tonumber(redis.call('ZSCORE', KEYS[2], '') or 1))
local own = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or 0)
local first = math.max(own + 1, current)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. current)
redis.call('ZADD', KEYS[2], current, '', first + ARGV[2] - 1, ARGV[1])
return first
`;

/**
 * Records a batch as incoming before its originals are committed, and assigns virtual times to its files.
 *
 * @param waitingKey key of BullMQ's sorted set of waiting jobs
 * @param batch `files` is the number of files
 * @returns the virtual time of the first file; each further file has the next number
 */
export async function announceBatch(
  redis: RedisConnection,
  waitingKey: string,
  { virtualTimes, incoming }: ServiceKeys,
  { batchId, client, files }: { batchId: string; client: string; files: number },
): Promise<number> {
  const first = await redis.eval(SCRIPT, 3, waitingKey, virtualTimes, incoming, client, files, batchId, Date.now());
  return Number(first);
}

/** Returns the BullMQ priority for a virtual time. */
export function priorityOf(virtualTime: number): number {
  return Math.min(virtualTime, MAX_PRIORITY);
}
