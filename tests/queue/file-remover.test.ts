import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import { createFileRemover } from '../../src/queue/file-remover.ts';
import type { SourcePayload } from '../../src/queue/image-job.ts';
import { serviceKeys } from '../../src/queue/keys.ts';
import { enqueue, newBatch, silent, testQueueClient } from '../support/app.ts';
import { onCleanup } from '../support/cleanup.ts';
import { startRedis } from '../support/redis.ts';

test('makes no part of a job if its batch is deleted while a file of it is being deleted', async () => {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const images = new Queue<SourcePayload>('images', { connection: redis, prefix: '{images}' });
  onCleanup(async () => {
    await images.close();
    redis.disconnect();
  });
  const batchId = uuid();
  const jobId = `${batchId}-0`;
  await enqueue(await testQueueClient(server), newBatch(batchId, 'a.jpg'));
  const files = { removeFile: () => Promise.reject(new Error('must not be called')) };
  const parts = { redis, images, keys: serviceKeys('{images}'), files, logger: silent };
  expect(await createFileRemover(parts).begin(jobId)).toBe('unfinished');

  /** The queue of a service in which the job disappears after it was read. */
  const disappearing = Object.create(images, {
    getJob: {
      async value(id: string) {
        const job = await images.getJob(id);
        await redis.del(images.toKey(id));
        return job;
      },
    },
  });
  expect(await createFileRemover({ ...parts, images: disappearing }).begin(jobId)).toBe('absent');
  expect(await redis.exists(images.toKey(jobId), '{images}:removing-files')).toBe(0);
});
