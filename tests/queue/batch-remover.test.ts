import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import { createBatchIndex } from '../../src/queue/batch-index.ts';
import type { BatchJobPayload } from '../../src/queue/batch-job.ts';
import { createBatchRemover } from '../../src/queue/batch-remover.ts';
import type { SourcePayload } from '../../src/queue/image-job.ts';
import { serviceKeys } from '../../src/queue/keys.ts';
import { enqueue, newBatch, silent, testQueueClient } from '../support/app.ts';
import { onCleanup } from '../support/cleanup.ts';
import { startRedis } from '../support/redis.ts';

const options = { prefix: '{images}' };

/** Enqueues a batch, and creates its remover and the index of all batches. */
async function prepare() {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const images = new Queue<SourcePayload>('images', { connection: redis, ...options });
  const batches = new Queue<BatchJobPayload>('batches', { connection: redis, ...options });
  const webhooks = new Queue('webhooks', { connection: redis, ...options });
  onCleanup(async () => {
    await Promise.all([images.close(), batches.close(), webhooks.close()]);
    redis.disconnect();
  });
  const batchId = uuid();
  await enqueue(await testQueueClient(server), newBatch(batchId, 'a.jpg'));
  const keys = serviceKeys(options.prefix);
  const files = { remove: async () => {}, removeFile: async () => {} };
  const parts = { redis, images, batches, webhooks, keys, files, retentionMs: 0, logger: silent };
  const listed = async () => (await redis.keys('{images}:list:*')).length;
  return { batchId, remover: createBatchRemover(parts), index: createBatchIndex(parts), listed };
}

test('leaves no entry in the list of a batch whose end is recorded while it is deleted', async () => {
  const { batchId, remover, index, listed } = await prepare();
  expect(await listed()).toBe(1);
  const removal = await remover.begin(batchId);
  // What a worker does whose job of the batch was running.
  await index.setStatus(batchId, 'completed');
  await remover.execute(removal);
  expect(await listed()).toBe(0);
});

test('leaves no entry if the process that began the deletion has died', async () => {
  const { batchId, remover, listed } = await prepare();
  await remover.begin(batchId);
  await remover.resumeDue(Date.now() + 60_000);
  expect(await listed()).toBe(0);
});
