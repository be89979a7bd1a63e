import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Job, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import type { Output } from '../../src/imaging/options.ts';
import { readPayload } from '../../src/queue/image-job.ts';
import type { QueueClient } from '../../src/queue/queue-client.ts';
import { openLocalStorage } from '../../src/storage/local/local-storage.ts';
import { createResultReuse } from '../../src/worker/result-reuse.ts';
import { anyone, enqueue, newBatch, silent, testQueueClient } from '../support/app.ts';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { until } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';
import { madeUpResult, takeJobs } from '../support/take-jobs.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const prefix = '{images}';

let redis: Redis;
let images: Queue;
let queue: QueueClient;
let folder: string;
/** Id of a completed job whose result others can reuse. */
let source: string;

const storage = () => openLocalStorage({ uploadDir: folder, processedDir: folder, minFreeDiskBytes: 0 });

async function publish(jobId: string, content: string): Promise<void> {
  const { results } = storage();
  await results.publish(await results.write(Buffer.from(content), jobId, 'jpeg'), jobId, 'jpeg');
}

/** Creates a reuse of results. A test's own versions of the environment stand for an upgrade. */
function reuseWith({ environment = { vips: '1' }, retentionMs = DAY_MS } = {}) {
  const { results } = storage();
  const reuse = createResultReuse({ redis, prefix, results, retentionMs, environment, logger: silent });
  onCleanup(() => reuse.close());
  return reuse;
}

/** Enqueues a file, by default the same as the source. Returns the id of its job. */
async function enqueueFile(more: { owner?: string; contentHash?: string | undefined; outputs?: Output[] } = {}) {
  const { owner, contentHash, outputs } = {
    owner: undefined,
    contentHash: 'same',
    outputs: [{ options: {} }],
    ...more,
  };
  const batch = newBatch(uuid(), 'second.jpg');
  const files = batch.files.map((file) => ({ ...file, contentHash }));
  await enqueue(queue, { ...batch, files, outputs, sender: { ...anyone, owner } });
  return `${batch.batchId}-0`;
}

async function jobOf(jobId: string): Promise<Job> {
  const job = await images.getJob(jobId);
  if (!job) throw new Error('there is no such job');
  return job;
}

const payloadOf = async (jobId: string) => readPayload(await jobOf(jobId));

beforeAll(async () => {
  const server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  images = new Queue('images', { connection: redis, prefix });
  onCleanup(async () => {
    await images.close();
    redis.disconnect();
  });
  [queue, folder] = [await testQueueClient(server), await temporaryFolder()];
  source = await enqueueFile();
  const stop = takeJobs(server, async () => madeUpResult('first.jpg'));
  await until(async () => (await images.getJob(source))?.returnvalue);
  await stop();
  await publish(source, 'result');
  await reuseWith().offer(await jobOf(source));
});

test('publishes the results of the earlier job under the names of this one', async () => {
  const jobId = await enqueueFile();
  const { outputPath: _, ...made } = madeUpResult('second.jpg');
  const outputPath = expect.stringContaining(`processed-${jobId}.jpg`);
  expect(await reuseWith().take(await payloadOf(jobId))).toEqual({ ...made, outputPath, reused: true });
  expect(await readFile(join(folder, `processed-${jobId}.jpg`), 'utf8')).toBe('result');
});

test('options that say the defaults count as the same', async () => {
  const jobId = await enqueueFile({ outputs: [{ options: { quality: 80, width: 512, grayscale: true } }] });
  expect(await reuseWith().take(await payloadOf(jobId))).toMatchObject({ reused: true });
});

test.each([
  ['another content', { contentHash: 'other' }],
  ['an unknown content', { contentHash: undefined }],
  ['another owner', { owner: 'alice' }],
  ['other options', { outputs: [{ options: { width: 511 } }] }],
  ['a variant', { outputs: [{ name: 'small', options: {} }] }],
  ['several outputs', { outputs: [{ options: {} }, { options: {} }] }],
])('takes nothing for %s', async (_what, file) => {
  const jobId = await enqueueFile(file);
  expect(await reuseWith().take(await payloadOf(jobId))).toBeUndefined();
});

test('takes nothing that another version of the environment has made', async () => {
  const jobId = await enqueueFile();
  expect(await reuseWith({ environment: { vips: '2' } }).take(await payloadOf(jobId))).toBeUndefined();
});

test('a key that leads to another job takes nothing', async () => {
  const reuse = reuseWith();
  const [key = ''] = await redis.keys('{images}:reuse:*');
  const jobId = await enqueueFile();
  const [ofOther, unfinished] = [await enqueueFile({ owner: 'bob' }), await enqueueFile()];
  await redis.hset(`{images}:images:${ofOther}`, 'returnvalue', JSON.stringify(madeUpResult('secret.jpg')));
  for (const other of [ofOther, unfinished]) await publish(other, 'secret');
  // The job of another owner, a job that has not ended, none, and no job id.
  for (const value of [ofOther, unfinished, `${uuid()}-0`, 'meta', '../..']) {
    await redis.set(key, value);
    expect(await reuse.take(await payloadOf(jobId))).toBeUndefined();
  }
  await redis.set(key, source);
  expect(await reuse.take(await payloadOf(jobId))).toBeDefined();
});

test.each([
  ['as long as a batch', DAY_MS, DAY_MS],
  ['30 days if batches never expire', 0, 30 * DAY_MS],
])('a key lives %s', async (_how, retentionMs, lifeMs) => {
  const before = Date.now();
  await reuseWith({ retentionMs }).offer(await jobOf(source));
  const [key = ''] = await redis.keys('{images}:reuse:*');
  const leftMs = await redis.pttl(key);
  expect(leftMs).toBeLessThanOrEqual(lifeMs);
  expect(leftMs).toBeGreaterThanOrEqual(lifeMs - (Date.now() - before) - 1);
});
