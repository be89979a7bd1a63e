import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { Queue } from 'bullmq';
import type { RedisConnection } from './connection.ts';
import { BATCH_QUEUE, IMAGE_QUEUE, SWEEP_QUEUE } from './names.ts';

/**
 * The queues for Bull Board, read-only: changing single jobs would break the batch that they belong to.
 *
 * @param redis a connection that fails fast
 */
export function boardQueues(redis: RedisConnection, prefix: string): BullMQAdapter[] {
  return [IMAGE_QUEUE, BATCH_QUEUE, SWEEP_QUEUE].map((name) => {
    const queue = new Queue(name, { connection: redis, prefix });
    // The connection logs its errors itself.
    queue.on('error', () => {});
    return new BullMQAdapter(queue, { readOnlyMode: true });
  });
}
