import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import type { ImageJobPayload } from '../../src/queue/image-job.ts';
import { enqueue, newBatch, testQueueClient } from '../support/app.ts';
import { onCleanup } from '../support/cleanup.ts';
import { until } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { madeUpResult } from '../support/take-jobs.ts';

let redis: TestRedis;
let queue: Awaited<ReturnType<typeof testQueueClient>>;
let admin: Redis;
let worker: Worker<ImageJobPayload>;

beforeAll(async () => {
  redis = await startRedis();
  queue = await testQueueClient(redis);
  admin = new Redis(redis.url);
  onCleanup(() => admin.disconnect());
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  worker = new Worker('images', null, { connection, prefix: '{images}', autorun: false });
  worker.on('error', () => {});
  onCleanup(() => worker.close().then(() => connection.disconnect()));
});

/** Enqueues batches, given as sender and number of files, such as `a 10`. */
async function enqueueAll(...batches: string[]) {
  for (const batch of batches) {
    const [id = '', files] = batch.split(' ');
    const names = Array.from({ length: Number(files) }, (_, index) => `${id}${index}`);
    await enqueue(queue, { ...newBatch(uuid(), ...names), sender: { id, owner: undefined } });
  }
}

/** Takes jobs one after the other and ends each. Returns their names in order, such as `a0 a1 b0`. */
async function take(count: number, fails = false): Promise<string> {
  const taken: string[] = [];
  for (let token = 0; token < count; token += 1) {
    const job = await worker.getNextJob(String(token), { block: false });
    taken.push(job?.data.originalName ?? 'none');
    if (fails) await job?.moveToFailed(new Error('to be retried'), String(token), false);
    else await job?.moveToCompleted(madeUpResult('x'), String(token), false);
  }
  return taken.join(' ');
}

test('processes the files of one client in order of arrival', async () => {
  await enqueueAll('a 2', 'a 1', 'a 2');
  expect(await take(5)).toBe('a0 a1 a0 a0 a1');
});

test('interleaves a small batch with an earlier large batch of another client', async () => {
  await enqueueAll('a 10', 'a 10', 'b 2', 'c 1');
  expect(await take(23)).toBe(
    `a0 b0 c0 a1 b1 ${[2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `a${n}`).join(' ')}`,
  );
});

test('continues a large batch while other clients keep adding small ones', async () => {
  await enqueueAll('a 6');
  const order: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    await enqueueAll('b 1', 'c 1');
    order.push(await take(3));
  }
  expect(
    order
      .join(' ')
      .split(' ')
      .filter((name) => name.startsWith('a')),
  ).toEqual(['a0', 'a1', 'a2', 'a3']);
  await take(2);
});

test('keeps the order of the other jobs when a job is retried', async () => {
  await enqueueAll('a 4');
  await take(1, true);
  expect(await take(1)).toBe('a1');
  await enqueueAll('b 3');
  await until(async () => (await admin.zcount('{images}:images:delayed', 0, (Date.now() - 50) * 4096)) === 1);
  // BullMQ moves due delayed jobs when a worker takes the next job.
  expect(await take(6)).toBe('a0 a2 b0 a3 b1 b2');
});

test('falls back to order of arrival at the maximum priority value', async () => {
  await enqueueAll('first 1');
  await admin.zadd('{images}:turns', 2 ** 21, '');
  await enqueueAll('a 2', 'b 1', 'a 2');
  expect(await take(6)).toBe('first0 a0 a1 b0 a0 a1');
});

test('forgets the virtual time of clients without waiting files', async () => {
  await enqueueAll(...Array.from({ length: 50 }, (_, index) => `client${index} 1`));
  await take(50);
  await enqueueAll('a 1');
  expect((await admin.zrange('{images}:turns', '0', '-1')).sort()).toEqual(['', 'a']);
  await take(1);
});
