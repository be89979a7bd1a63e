import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { onCleanup } from './cleanup.ts';
import { until } from './processes.ts';

/** Enqueues a cleanup job and waits until a worker has completed it. */
export async function runCleanupJob(admin: Redis): Promise<void> {
  const queue = new Queue('sweeps', { connection: admin, prefix: '{images}' });
  onCleanup(() => queue.close());
  const job = await queue.add('sweep', {});
  await until(() => job.isCompleted());
}
