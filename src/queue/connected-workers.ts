import { bullmqKeys } from './bullmq-keys.ts';
import type { RedisConnection } from './connection.ts';
import { serviceKeys } from './keys.ts';
import { SWEEP_QUEUE } from './names.ts';

// Workers send heartbeats, from which the API counts them. BullMQ's own count reads `CLIENT LIST`: it grows with the number of
// connections, and some hosted Redis services refuse it. The time is that of Redis, because the clocks of machines can differ.

/** Seconds after its last heartbeat at which a worker counts as disconnected. */
const LIFE_SECONDS = 30;

/**
 * Records a heartbeat. The worker stays in the set after it has expired, until another one sends a heartbeat: the set shows that there
 * were workers that send them.
 *
 * KEYS: the heartbeats. ARGV: id of the worker, seconds until it expires.
 */
const BEAT = `
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
`;

/** KEYS: the heartbeats, the schedulers of the cleanup job. Returns -1 if the number is unknown. */
const COUNT = `
if redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.call('ZCOUNT', KEYS[1], '(' .. redis.call('TIME')[1], '+inf')
end
-- Every version of the worker schedules the cleanup job when it starts.
return -redis.call('EXISTS', KEYS[2])
`;

/** Records that a worker is connected. */
export async function sendHeartbeat(redis: RedisConnection, prefix: string, workerId: string): Promise<void> {
  await redis.eval(BEAT, 1, serviceKeys(prefix).heartbeats, workerId, LIFE_SECONDS);
}

/** Records that a worker takes no more jobs. */
export async function endHeartbeats(redis: RedisConnection, prefix: string, workerId: string): Promise<void> {
  await redis.eval(BEAT, 1, serviceKeys(prefix).heartbeats, workerId, 0);
}

/** Counts the connected workers. Returns `undefined` if only workers of a version without heartbeats have used this queue. */
export async function countWorkers(redis: RedisConnection, prefix: string): Promise<number | undefined> {
  const { schedulers } = bullmqKeys({ toKey: (type) => `${prefix}:${SWEEP_QUEUE}:${type}` });
  const count = Number(await redis.eval(COUNT, 2, serviceKeys(prefix).heartbeats, schedulers));
  return count < 0 ? undefined : count;
}
