import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { RedisConnection } from './connection.ts';
import { QUEUES } from './names.ts';
import { Queue } from './redis-packages.ts';

/**
 * Returns the queues for Bull Board. They are read-only, since changing a single job would break its batch.
 *
 * @param redis a connection that fails fast
 */
export function boardQueues(redis: RedisConnection, prefix: string): BullMQAdapter[] {
  return QUEUES.map((name) => {
    const queue = new Queue(name, { connection: redis, prefix });
    // The connection logs its own errors. Without a listener this event would end the process.
    queue.on('error', () => {});
    return new BullMQAdapter(queue, { readOnlyMode: true });
  });
}
