import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { runCleanupJob } from '../support/cleanup-job.ts';
import { batchEnd, form, readJob, upload } from '../support/client.ts';
import { holdNextImage, imageChildren } from '../support/descendants.ts';
import { allowSlowImages, jpeg, slowImage } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

type Service = Awaited<ReturnType<typeof ownService>>;
const small = () => jpeg(64, 64);
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

function connect({ redis }: Service): Redis {
  const admin = new Redis(redis.url);
  onCleanup(() => admin.disconnect());
  return admin;
}

/** Everything that the disk and Redis hold of batches, except the notes that they were removed. */
async function kept(service: Service, admin: Redis): Promise<string[]> {
  const keys = await admin.keys('{images}:*:????????-*');
  return [
    ...keys.filter((key) => !key.startsWith('{images}:removed:')),
    ...(await storedNames(service.uploadDir)),
    ...(await storedNames(service.processedDir)),
  ];
}

const remove = (api: string, batchId: string) => fetch(`${api}/batches/${batchId}`, { method: 'DELETE' });
const statusOf = async (api: string, batchId: string) => (await fetch(`${api}/batches/${batchId}`)).status;

describe('with the default retention', () => {
  let service: Service;
  let url: string;
  let worker: TestProcess;
  let admin: Redis;
  const keptOf = async (...batchIds: string[]) =>
    (await kept(service, admin)).filter((name) => batchIds.some((batchId) => name.includes(batchId)));

  beforeAll(async () => {
    service = await ownService({ ...allowSlowImages, WORKER_CONCURRENCY: '1' });
    admin = connect(service);
    [{ url }, worker] = await Promise.all([service.startApi(), service.startWorker()]);
  });

  test('DELETE removes a finished batch with all its results, and its status is 410 Gone', async () => {
    const body = form([
      ['a.jpg', await small()],
      ['b.jpg', 'no image'],
    ]);
    expect((await fetch(`${url}/process-images`, { method: 'POST', body })).status).toBe(415);
    const variants = form([['a.jpg', await small()]]);
    variants.append('variants', '[{"name":"x","format":"webp"},{"name":"y","format":"original"}]');
    const posted = await fetch(`${url}/process-images`, { method: 'POST', body: variants });
    const { batchId } = (await posted.json()) as { batchId: string };
    const other = await upload(url, ['c.jpg', await small()]);
    for (const id of [batchId, other]) await batchEnd(url, id);
    expect(await storedNames(service.processedDir)).toHaveLength(3);

    expect((await remove(url, batchId)).status).toBe(204);
    expect(await keptOf(batchId)).toEqual([]);
    const gone = await fetch(`${url}/batches/${batchId}`);
    const problem = (await gone.json()) as { removedAt: string };
    expect([gone.status, problem]).toMatchObject([410, { code: 'BATCH_REMOVED' }]);
    expect(Math.abs(Date.parse(problem.removedAt) - Date.now())).toBeLessThan(10_000);
    // The note lives as long as the batch would have.
    expect(await admin.pttl(`{images}:removed:${batchId}`)).toBeGreaterThan((6 / 7) * WEEK_MS);
    expect((await batchEnd(url, other)).status).toBe('completed');
    expect(await storedNames(service.processedDir)).toHaveLength(1);
  });

  test('DELETE stops a batch that waits or runs, and other batches go on', async () => {
    const release = await holdNextImage(worker, url);
    const [child] = imageChildren(worker.child.pid);
    const running = await upload(url, ['slow.png', slowImage()], ['a.jpg', await small()]);
    const waiting = await upload(url, ['b.jpg', await small()], ['c.jpg', await small()]);
    const other = await upload(url, ['d.jpg', await small()]);
    await until(async () => (await readJob(url, `${running}-0`)).state === 'active');

    const events = await fetch(`${url}/batches/${running}/events`);
    expect((await remove(url, waiting)).status).toBe(204);
    release();
    expect((await remove(url, running)).status).toBe(204);
    expect(imageChildren(worker.child.pid)).not.toContain(child);
    // The stream ends with its batch.
    expect(await events.text()).not.toContain('event: done');
    expect((await batchEnd(url, other)).status).toBe('completed');
    expect((await storedNames(service.processedDir)).filter((name) => name.includes(other))).toHaveLength(1);
    expect(await keptOf(running, waiting)).toEqual([]);
  });

  test('a batch that cannot be removed does not block the removal of expired batches', async () => {
    const [broken = '', ...others] = [
      await upload(url, ['a.jpg', await small()]),
      await upload(url, ['b.jpg', await small()]),
      await upload(url, ['c.jpg', await small()]),
    ];
    // A batch ends after its last file, and would then write its own time over ours.
    const ended = (batchId: string) => until(() => admin.zscore('{images}:batches:completed', batchId));
    await Promise.all([broken, ...others].map(ended));
    // Redis refuses every command on a job of another type.
    await admin.set(`{images}:images:${broken}-0`, 'no hash');
    // Long ago, the broken one first.
    await admin.zadd('{images}:batches:completed', 1, broken, 2, others[0] ?? '', 3, others[1] ?? '');
    await runCleanupJob(admin);
    const originals = await storedNames(service.uploadDir);
    expect([broken, ...others].filter((batchId) => originals.includes(batchId))).toEqual([broken]);
  });

  test('DELETE responds 503 while Redis refuses writes, and works afterwards', async () => {
    const batchId = await upload(url, ['a.jpg', await small()]);
    await admin.config('SET', 'maxmemory', '1');
    const refused = await remove(url, batchId);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    await admin.config('SET', 'maxmemory', '0');
    expect(await statusOf(url, batchId)).toBe(200);
    expect((await remove(url, batchId)).status).toBe(204);
  });
});

test('a worker that starts while Redis refuses writes processes waiting jobs, and keeps batches without a retention', async () => {
  const service = await ownService({ RETENTION_HOURS: '0' });
  const [api, admin] = [await service.startApi(), connect(service)];
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  await admin.config('SET', 'maxmemory', '1');
  const worker = await service.startWorker();
  await delay(1000);
  expect(worker.child.exitCode).toBeNull();
  await admin.config('SET', 'maxmemory', '0');
  expect((await batchEnd(api.url, batchId)).status).toBe('completed');

  await until(() => admin.zscore('{images}:batches:completed', batchId));
  await admin.zadd('{images}:batches:completed', 1, batchId);
  await runCleanupJob(admin);
  expect((await batchEnd(api.url, batchId)).status).toBe('completed');
});

describe('with a retention of some seconds', () => {
  let service: Service;
  let url: string;
  let admin: Redis;

  beforeAll(async () => {
    service = await ownService({ RETENTION_HOURS: '0.001' });
    admin = connect(service);
    ({ url } = await service.startApi());
  });

  test('expired batches are removed, and later the records of their removal', async () => {
    // Two workers, to show that they can clean up at the same time.
    const workers = await Promise.all([service.startWorker(), service.startWorker()]);
    const first = await upload(url, ['a.jpg', await small()]);
    const firstIsGone = until(async () => (await statusOf(url, first)) === 410);
    const batchIds = [first];
    while (batchIds.length < 20) batchIds.push(await upload(url, ['a.jpg', await small()]));
    await firstIsGone;
    await until(async () => (await kept(service, admin)).length === 0);
    const areForgotten = async () =>
      (await Promise.all(batchIds.map((id) => statusOf(url, id)))).every((s) => s === 404);
    await until(areForgotten);
    for (const worker of workers) expect(worker.output()).not.toMatch(/"level":(50|60)/);
  });

  test('originals whose batch was never enqueued are removed after a day, and no others', async () => {
    const lost = crypto.randomUUID();
    await writeFile(join(service.uploadDir, lost), 'stands for a folder');
    const live = await upload(url, ['a.jpg', await small()]);
    const longAgo = Date.now() - 26 * 60 * 60 * 1000;
    const anHourAgo = Date.now() - 60 * 60 * 1000;
    const young = crypto.randomUUID();
    await writeFile(join(service.uploadDir, young), 'is still being stored');
    await admin.zadd('{images}:incoming', longAgo, lost, longAgo, live, anHourAgo, young);
    // No image is processed meanwhile.
    await admin.hset('{images}:images:meta', 'paused', '1');
    await service.startWorker();
    await until(async () => (await admin.zrange('{images}:incoming', '0', '-1')).join() === young);
    expect(await storedNames(service.uploadDir)).toEqual([live, young].sort());
  });
});
