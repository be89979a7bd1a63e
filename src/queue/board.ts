import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { Queue } from 'bullmq';
import type { RedisConnection } from './connection.ts';
import { BATCH_QUEUE, IMAGE_QUEUE, SWEEP_QUEUE } from './names.ts';

/**
 * The queues as Bull Board shows them. It only looks: a batch whose jobs are changed one by one is no batch any more.
 *
 * @param redis a connection that fails fast
 */
export function boardQueues(redis: RedisConnection, prefix: string): BullMQAdapter[] {
  return [IMAGE_QUEUE, BATCH_QUEUE, SWEEP_QUEUE].map((name) => {
    const queue = new Queue(name, { connection: redis, prefix });
    // The connection tells of its faults itself.
    queue.on('error', () => {});
    return new BullMQAdapter(queue, { readOnlyMode: true });
  });
}
