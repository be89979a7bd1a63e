import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import { type ImageJobPayload, imageJobOptions } from '../../src/queue/image-job.ts';
import { PAYLOAD_VERSION } from '../../src/queue/payload-version.ts';
import { openLocalStorage } from '../../src/storage/local/local-storage.ts';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, readBatch, readJob, upload } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { madeUpResult, takeJobs } from '../support/take-jobs.ts';
import { storedNames } from '../support/whole.ts';
import { readZip } from '../support/zip.ts';

/** Changes a stored job to what a newer version might have written. */
async function rewrite(admin: Redis, jobId: string, change: (data: ImageJobPayload) => object): Promise<void> {
  const key = `{images}:images:${jobId}`;
  await admin.hset(key, 'data', JSON.stringify(change(JSON.parse(String(await admin.hget(key, 'data'))))));
}

function connect({ url }: { url: string }): Redis {
  const admin = new Redis(url);
  onCleanup(() => admin.disconnect());
  return admin;
}

let service: Awaited<ReturnType<typeof ownService>>;
let api: { url: string };
let admin: Redis;
beforeAll(async () => {
  service = await ownService();
  admin = connect(service.redis);
  api = await service.startApi();
});

test('an older API shows, serves and deletes what a newer version enqueued and processed, and an older worker leaves it alone', async () => {
  const picture = await jpeg(64, 64);
  const newer = await upload(api.url, ['a.jpg', picture], ['b.jpg', picture]);
  const neighbour = await upload(api.url, ['c.jpg', picture]);
  const version = PAYLOAD_VERSION + 1;
  // An option, a format and a field that this version does not know; then another shape of the outputs.
  const options = { width: 64, format: 'jxl', depth: 16 };
  await rewrite(admin, `${newer}-0`, (data) => ({
    ...data,
    version,
    format: 'jxl',
    outputs: [{ options }],
    notify: 1,
  }));
  await rewrite(admin, `${newer}-1`, (data) => ({ ...data, version, outputs: { small: options } }));
  await admin.hset(`{images}:batches:${newer}`, 'data', '{"total":2,"notify":{"url":"https://example.com"}}');

  const worker = await service.startWorker();
  expect((await batchEnd(api.url, neighbour)).status).toBe('completed');
  await until(() => (worker.output().match(/left to a newer worker/g)?.length ?? 0) >= 2);
  await until(async () => (await readBatch(api.url, newer)).progress.waiting === 2);
  expect(await readBatch(api.url, newer)).toMatchObject({
    progress: { total: 2, failed: 0 },
    files: [
      { originalName: 'a.jpg', state: 'waiting', resultUrl: `/jobs/${newer}-0/result` },
      { originalName: 'b.jpg', state: 'waiting' },
    ],
  });
  expect(await readJob(api.url, `${newer}-0`)).toMatchObject({ state: 'waiting', failedReason: null });
  const original = await fetch(`${api.url}/jobs/${newer}-0/original`);
  expect([original.status, original.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
  expect(original.headers.get('content-disposition')).toMatch(/^attachment/);
  expect(Buffer.from(await original.arrayBuffer()).equals(picture)).toBe(true);
  expect((await fetch(`${api.url}/batches/${newer}/archive`)).status).toBe(409);
  expect(worker.output()).not.toContain('image failed');

  // The newer worker, which makes what this version does not know.
  await worker.end();
  const events = fetch(`${api.url}/batches/${newer}/events`).then((response) => response.text());
  const { results } = openLocalStorage({ ...service, minFreeDiskBytes: 0 });
  takeJobs(service.redis, async ({ index, originalName }) => {
    const jobId = `${newer}-${index}`;
    await results.publish(await results.write(Buffer.from('new'), jobId, 'jxl'), jobId, 'jxl');
    return { ...madeUpResult(originalName), format: 'jxl', depth: 16, dhash: 1, info: { format: 'jxl' } };
  });
  const { status, files } = await batchEnd(api.url, newer);
  expect([status, files[0]?.result]).toMatchObject(['completed', { originalName: 'a.jpg', format: 'jxl', width: 512 }]);
  for (const field of ['depth', 'dhash', 'info']) expect(files[0]?.result).not.toHaveProperty(field);
  expect(await events).toContain('event: done');
  const result = await fetch(`${api.url}/jobs/${newer}-0/result`);
  expect([result.status, result.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
  expect(result.headers.get('content-disposition')).toMatch(/^attachment;.*a\.jxl/);
  expect(await result.text()).toBe('new');
  const archive = await fetch(`${api.url}/batches/${newer}/archive`);
  const names = readZip(Buffer.from(await archive.arrayBuffer())).map(({ name }) => name);
  expect(names).toEqual(['a.jxl', 'b.jxl', 'manifest.json']);

  expect((await fetch(`${api.url}/batches/${newer}`, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(`${api.url}/batches/${newer}`)).status).toBe(410);
  const kept = [...(await storedNames(service.uploadDir)), ...(await storedNames(service.processedDir))];
  expect(kept).toEqual([neighbour, `processed-${neighbour}-0.jpg`]);
});

test('an older worker runs a job whose version it knows, without what was merely added', async () => {
  const batchId = await upload(api.url, ['a.jpg', await jpeg(64, 64)], ['b.jpg', await jpeg(64, 64)]);
  // A job says the version that it needs.
  const data = String(await admin.hget(`{images}:images:${batchId}-0`, 'data'));
  expect(JSON.parse(data)).toMatchObject({ version: 1 });
  const outputs = [{ options: { width: 32, hint: 'x' }, note: 1 }];
  await rewrite(admin, `${batchId}-0`, (data) => ({ ...data, outputs, notify: true }));
  // Before there were versions.
  await rewrite(admin, `${batchId}-1`, ({ version: _, ...data }) => data);
  await service.startWorker();
  const { files } = await batchEnd(api.url, batchId);
  expect(files).toMatchObject([{ state: 'completed', result: { width: 32 } }, { state: 'completed' }]);
});

test('a job of a newer version waits for a newer worker, and does not count as tried', async () => {
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
