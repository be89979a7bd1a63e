import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { onCleanup } from './cleanup.ts';
import { until } from './processes.ts';

/** Has a worker sweep now, and waits until it has. */
export async function sweep(admin: Redis): Promise<void> {
  const sweeps = new Queue('sweeps', { connection: admin, prefix: '{images}' });
  onCleanup(() => sweeps.close());
  const job = await sweeps.add('sweep', {});
  await until(() => job.isCompleted());
}
