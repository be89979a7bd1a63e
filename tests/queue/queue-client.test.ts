import { UnrecoverableError } from 'bullmq';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import { imageJobId, isBatchId, isImageJobId } from '../../src/queue/names.ts';
import { UncertainError } from '../../src/queue/redis-timeout.ts';
import { enqueue, newBatch, testQueueClient } from '../support/app.ts';
import { onCleanup } from '../support/cleanup.ts';
import { defaultRedisTimeout } from '../support/environment.ts';
import { quickest, until } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { madeUpResult, takeJobs } from '../support/take-jobs.ts';

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** A client with the timeout of the service. */
const impatientClient = (redis: TestRedis) => testQueueClient(redis, defaultRedisTimeout);

describe('the status', () => {
  let redis: TestRedis;
  let queue: Awaited<ReturnType<typeof testQueueClient>>;
  beforeAll(async () => {
    redis = await startRedis();
    queue = await testQueueClient(redis);
  });
  const status = async (batchId: string) => (await queue.readBatch(batchId))?.value;
  const file = async (jobId: string) => (await queue.readFile(jobId))?.value;

  test('of a batch goes from waiting to processing to its end, with consistent counts', async () => {
    const batchId = uuid();
    await enqueue(queue, newBatch(batchId, 'a.jpg', 'b.jpg', 'c.jpg'));
    expect(await status(batchId)).toMatchObject({
      batchId,
      status: 'waiting',
      progress: { total: 3, completed: 0, failed: 0, active: 0, waiting: 3 },
      files: ['a.jpg', 'b.jpg', 'c.jpg'].map((originalName, index) => ({
        jobId: imageJobId(batchId, index),
        payload: { originalName },
        state: 'waiting',
        result: null,
        failure: null,
      })),
    });

    const gates = [gate(), gate(), gate()];
    const stop = takeJobs(redis, async ({ index, originalName }) => {
      await gates[index]?.opened;
      if (index === 1) throw new UnrecoverableError('truncated JPEG');
      return madeUpResult(originalName);
    });
    const progressOf = async () => (await status(batchId))?.progress;
    await until(async () => (await progressOf())?.active === 3);
    expect((await status(batchId))?.status).toBe('processing');
    gates[0]?.open();
    await until(async () => (await progressOf())?.completed === 1);
    expect(await status(batchId)).toMatchObject({
      status: 'processing',
      progress: { active: 2, completed: 1 },
    });
    gates[1]?.open();
    await until(async () => (await progressOf())?.failed === 1);
    gates[2]?.open();
    await until(async () => (await progressOf())?.completed === 2);
    expect(await status(batchId)).toMatchObject({
      status: 'completed-with-errors',
      progress: { total: 3, completed: 2, failed: 1, active: 0, waiting: 0 },
      files: [
        { state: 'completed', result: madeUpResult('a.jpg'), failure: null },
        { state: 'failed', result: null, failure: { code: 'INTERNAL', message: 'truncated JPEG' } },
        { state: 'completed', result: madeUpResult('c.jpg'), failure: null },
      ],
    });
    expect(await file(imageJobId(batchId, 0))).toMatchObject({
      jobId: imageJobId(batchId, 0),
      state: 'completed',
      progress: 100,
      result: madeUpResult('a.jpg'),
      failure: null,
    });
    await stop();
  });

  test('of a job between two attempts is waiting, its batch is processing, and success clears the failure reason', async () => {
    const batchId = uuid();
    const jobId = imageJobId(batchId, 0);
    await enqueue(queue, newBatch(batchId, 'a.jpg'));
    const { open, opened } = gate();
    const stopFirst = takeJobs(redis, async () => {
      await opened;
      throw new Error('disk');
    });
    await until(async () => (await status(batchId))?.status === 'processing');
    // The worker ends with this attempt, so that the job stays waiting during the assertions.
    const stopped = stopFirst();
    open();
    await stopped;
    expect(await file(jobId)).toMatchObject({ state: 'waiting', progress: 0, failure: null });
    expect((await status(batchId))?.status).toBe('processing');
    const stop = takeJobs(redis, async ({ originalName }) => madeUpResult(originalName));
    await until(async () => (await file(jobId))?.state === 'completed');
    expect(await file(jobId)).toMatchObject({ failure: null, result: madeUpResult('a.jpg') });
    await stop();
  });

  test('of a batch or job that does not exist is undefined', async () => {
    expect(await queue.readBatch(uuid())).toBeUndefined();
    expect(await queue.readFile(imageJobId(uuid(), 0))).toBeUndefined();
  });
});

test('enqueues a batch atomically: nothing is stored when Redis is full', async () => {
  const redis = await startRedis();
  const queue = await testQueueClient(redis);
  const admin = new Redis(redis.url);
  onCleanup(() => admin.disconnect());
  await enqueue(queue, newBatch(uuid(), 'first.jpg'));
  await until(async () => (await admin.exists('{images}:incoming')) === 0);
  const before = await admin.dbsize();
  await admin.config('SET', 'maxmemory', '1');
  const batchId = uuid();
  await expect(enqueue(queue, newBatch(batchId, ...Array<string>(10).fill('a.jpg')))).rejects.toMatchObject({
    code: 'QUEUE_UNAVAILABLE',
  });
  await admin.config('SET', 'maxmemory', '0');
  expect(await admin.dbsize()).toBe(before);
  expect(await queue.readBatch(batchId)).toBeUndefined();
});

const isReachable = (queue: Awaited<ReturnType<typeof testQueueClient>>) =>
  queue.ping().then(
    () => true,
    () => false,
  );

describe('every operation fails within a second while Redis', () => {
  const operations = (queue: Awaited<ReturnType<typeof testQueueClient>>) => [
    () => queue.ping(),
    () => enqueue(queue, newBatch(uuid(), 'a.jpg')),
    () => queue.readBatch(uuid()),
    () => queue.readFile(imageJobId(uuid(), 0)),
  ];

  async function expectQuickFailures(queue: Awaited<ReturnType<typeof testQueueClient>>) {
    for (const operation of operations(queue)) {
      const refused = { code: 'QUEUE_UNAVAILABLE', retryAfterSeconds: 2 };
      const ms = await quickest(1000, () => expect(operation()).rejects.toMatchObject(refused));
      expect(ms).toBeLessThan(1000);
    }
  }

  test('is killed, and works again after its restart', async () => {
    const redis = await startRedis();
    const queue = await impatientClient(redis);
    await redis.kill();
    await expectQuickFailures(queue);
    await redis.restart();
    await until(() => isReachable(queue));
  });

  test('hangs, and works again afterwards', async () => {
    const redis = await startRedis();
    const queue = await impatientClient(redis);
    redis.process().kill('SIGSTOP');
    await expectQuickFailures(queue);
    redis.process().kill('SIGCONT');
    await until(() => isReachable(queue));
  });
});

test('throws UncertainError when Redis hangs while a batch is enqueued, and the batch is complete or absent', async () => {
  const redis = await startRedis();
  const queue = await impatientClient(redis);
  const batchId = uuid();
  const announced = await queue.announceBatch(newBatch(batchId, 'a.jpg', 'b.jpg'));
  redis.process().kill('SIGSTOP');
  await expect(queue.addBatch(announced)).rejects.toBeInstanceOf(UncertainError);
  redis.process().kill('SIGCONT');
  await until(() => isReachable(queue));
  expect((await queue.readBatch(batchId))?.value).toMatchObject({ status: 'waiting', progress: { total: 2 } });
});

test.each([
  ['550e8400-e29b-41d4-a716-446655440000', true],
  ['550E8400-E29B-41D4-A716-446655440000', false],
  ['550e8400-e29b-11d4-a716-446655440000', false],
  ['../../etc/passwd', false],
  ['', false],
])('validates %p as a batch id: %p', (text, expected) => {
  expect(isBatchId(text)).toBe(expected);
  expect(isImageJobId(`${text}-0`)).toBe(expected);
  expect(isImageJobId(`${text}-01`)).toBe(false);
  expect(isImageJobId(`${text}-x`)).toBe(false);
});
