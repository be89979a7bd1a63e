import { Queue } from 'bullmq';
import { v4 as uuid } from 'uuid';
import { type ImageJobPayload, imageJobOptions } from '../../src/queue/image-job.ts';
import { PAYLOAD_VERSION } from '../../src/queue/payload-version.ts';
import { onCleanup } from '../support/cleanup.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

test('a job of a newer version waits for a newer worker, and does not count as tried', async () => {
  const service = await ownService();
  const queue = new Queue<ImageJobPayload>('images', { connection: { url: service.redis.url }, prefix: '{images}' });
  onCleanup(() => queue.close());
  const worker = await service.startWorker();
  const [batchId, format] = [uuid(), 'jpeg' as const];
  const payload = { batchId, index: 0, originalName: 'a.jpg', format, outputs: [{ options: {} }] };
  const { ignoreDependencyOnFailure: _, ...options } = imageJobOptions;
  const job = await queue.add(
    'image',
    { ...payload, version: PAYLOAD_VERSION + 1 },
    { ...options, jobId: `${batchId}-0` },
  );
  await until(() => worker.output().includes('left to a newer worker'));
  await until(async () => (await job.getState()) === 'delayed');
  expect((await queue.getJob(job.id ?? ''))?.attemptsMade).toBe(0);
});
