import type { RedisConnection } from './connection.ts';

/** Most events that one call reads. */
const MAX_EVENTS = 1000;

/**
 * Reads the events of a BullMQ queue after an event, or finds the last event. Unlike BullMQ's `QueueEvents`, this reads only when it is
 * called, so the events of many jobs share one round trip.
 *
 * @param key key of the stream
 * @param after id of the last event that was read; without it, no event is returned
 * @returns the jobs of the events, and the id of the last event
 */
export async function readEvents(
  redis: RedisConnection,
  key: string,
  after?: string,
): Promise<{ jobIds: string[]; last: string }> {
  if (after === undefined) {
    const [newest] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
    return { jobIds: [], last: newest?.[0] ?? '0-0' };
  }
  const events = await redis.xrange(key, `(${after}`, '+', 'COUNT', MAX_EVENTS);
  const jobIds = events.flatMap(([, fields]) => {
    const name = fields.indexOf('jobId');
    return name === -1 ? [] : [String(fields[name + 1])];
  });
  return { jobIds, last: events.at(-1)?.[0] ?? after };
}
