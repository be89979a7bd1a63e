import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { runCleanupJob } from '../support/cleanup-job.ts';
import { batchEnd, form, readJob, upload } from '../support/client.ts';
import { holdNextImage, imageChildren } from '../support/descendants.ts';
import { allowSlowImages, jpeg, slowImage } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

type Service = Awaited<ReturnType<typeof ownService>>;
const small = () => jpeg(64, 64);

function connect({ redis }: Service): Redis {
  const admin = new Redis(redis.url);
  onCleanup(() => admin.disconnect());
  return admin;
}

/** Everything that is kept of batches, on disk and in Redis, but the note that they were removed. */
async function kept(service: Service, admin: Redis): Promise<string[]> {
  const keys = await admin.keys('{images}:*:????????-*');
  return [
    ...keys.filter((key) => !key.startsWith('{images}:removed:')),
    ...(await storedNames(service.uploadDir)),
    ...(await storedNames(service.processedDir)),
  ];
}

const remove = (api: string, batchId: string) => fetch(`${api}/batches/${batchId}`, { method: 'DELETE' });

test('a finished batch is removed whole, with every result, and is told to be gone', async () => {
  const service = await ownService();
  const [api, admin] = [await service.startApi(), connect(service)];
  await service.startWorker();
  const body = form([
    ['a.jpg', await small()],
    ['b.jpg', 'no picture'],
  ]);
  expect((await fetch(`${api.url}/process-images`, { method: 'POST', body })).status).toBe(415);
  const variants = form([['a.jpg', await small()]]);
  variants.append('variants', '[{"name":"x","format":"webp"},{"name":"y","format":"original"}]');
  const posted = await fetch(`${api.url}/process-images`, { method: 'POST', body: variants });
  const { batchId } = (await posted.json()) as { batchId: string };
  const other = await upload(api.url, ['c.jpg', await small()]);
  for (const id of [batchId, other]) await batchEnd(api.url, id);
  expect(await storedNames(service.processedDir)).toHaveLength(3);

  expect((await remove(api.url, batchId)).status).toBe(204);
  expect((await kept(service, admin)).filter((name) => name.includes(batchId))).toEqual([]);
  const gone = await fetch(`${api.url}/batches/${batchId}`);
  const problem = (await gone.json()) as { removedAt: string };
  expect([gone.status, problem]).toMatchObject([410, { code: 'BATCH_REMOVED' }]);
  expect(Math.abs(Date.parse(problem.removedAt) - Date.now())).toBeLessThan(10_000);
  // A week, as the batch itself would have had.
  expect(await admin.pttl(`{images}:removed:${batchId}`)).toBeGreaterThan(6 * 24 * 60 * 60 * 1000);
  expect((await batchEnd(api.url, other)).status).toBe('completed');
  expect(await storedNames(service.processedDir)).toHaveLength(1);
});

test('a batch that waits or runs is stopped at once, and its neighbours go on', async () => {
  const service = await ownService({ ...allowSlowImages, WORKER_CONCURRENCY: '1' });
  const [api, worker, admin] = [await service.startApi(), await service.startWorker(), connect(service)];
  const release = await holdNextImage(worker, api.url);
  const [child] = imageChildren(worker.child.pid);
  const running = await upload(api.url, ['slow.png', slowImage()], ['a.jpg', await small()]);
  const waiting = await upload(api.url, ['b.jpg', await small()], ['c.jpg', await small()]);
  const neighbour = await upload(api.url, ['d.jpg', await small()]);
  await until(async () => (await readJob(api.url, `${running}-0`)).state === 'active');

  const events = await fetch(`${api.url}/batches/${running}/events`);
  expect((await remove(api.url, waiting)).status).toBe(204);
  release();
  expect((await remove(api.url, running)).status).toBe(204);
  expect(imageChildren(worker.child.pid)).not.toContain(child);
  // The stream ends with its batch.
  expect(await events.text()).not.toContain('event: done');
  expect((await batchEnd(api.url, neighbour)).status).toBe('completed');
  expect(await storedNames(service.uploadDir)).toEqual([neighbour]);
  expect(await storedNames(service.processedDir)).toHaveLength(1);
  const left = await kept(service, admin);
  expect(left.filter((name) => name.includes(running) || name.includes(waiting))).toEqual([]);
});

test('a batch whose time is over is removed by itself, and later even that it was there is forgotten', async () => {
  const retention = { RETENTION_HOURS: '0.002' };
  const service = await ownService(retention);
  const [api, admin] = [await service.startApi(), connect(service)];
  // Two workers, which do not get into each other's way.
  const workers = [await service.startWorker(), await service.startWorker()];
  const batchIds: string[] = [];
  for (let index = 0; index < 20; index += 1) batchIds.push(await upload(api.url, ['a.jpg', await small()]));
  const status = async (batchId: string) => (await fetch(`${api.url}/batches/${batchId}`)).status;
  const [first = ''] = batchIds;
  await until(async () => (await status(first)) === 410);
  await until(async () => (await kept(service, admin)).length === 0);
  await until(async () => (await Promise.all(batchIds.map(status))).every((code) => code === 404));
  for (const worker of workers) expect(worker.output()).not.toMatch(/"level":(50|60)/);
});

test('kept for ever is kept for ever', async () => {
  const service = await ownService({ RETENTION_HOURS: '0' });
  const [api, admin] = [await service.startApi(), connect(service)];
  await service.startWorker();
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  await batchEnd(api.url, batchId);
  await admin.zadd('{images}:batches:completed', 1, batchId);
  await runCleanupJob(admin);
  expect((await batchEnd(api.url, batchId)).status).toBe('completed');
});

test('a batch that cannot be removed keeps no other from it', async () => {
  const service = await ownService({ RETENTION_HOURS: '0.5' });
  const [api, admin] = [await service.startApi(), connect(service)];
  await service.startWorker();
  const [broken = '', ...others] = [
    await upload(api.url, ['a.jpg', await small()]),
    await upload(api.url, ['b.jpg', await small()]),
    await upload(api.url, ['c.jpg', await small()]),
  ];
  // Its last file ends before the batch itself does, which would write its own time over ours.
  await until(async () => (await admin.zcard('{images}:batches:completed')) === 3);
  // Redis refuses every command on a job of another type.
  await admin.set(`{images}:images:${broken}-0`, 'no hash');
  // Long ago, the broken one first.
  await admin.zadd('{images}:batches:completed', 1, broken, 2, others[0] ?? '', 3, others[1] ?? '');
  await runCleanupJob(admin);
  expect(await storedNames(service.uploadDir)).toEqual([broken]);
});

test('a removal that Redis refuses is refused, and one that it cuts off is finished later', async () => {
  const service = await ownService();
  const [api, admin] = [await service.startApi(), connect(service)];
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  await admin.config('SET', 'maxmemory', '1');
  const refused = await remove(api.url, batchId);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
  await admin.config('SET', 'maxmemory', '0');
  expect((await fetch(`${api.url}/batches/${batchId}`)).status).toBe(200);
  expect((await remove(api.url, batchId)).status).toBe(204);
});

test('a worker that starts while Redis takes nothing more processes what waits', async () => {
  const service = await ownService();
  const [api, admin] = [await service.startApi(), connect(service)];
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  await admin.config('SET', 'maxmemory', '1');
  const worker = await service.startWorker();
  await delay(2000);
  expect(worker.child.exitCode).toBeNull();
  await admin.config('SET', 'maxmemory', '0');
  expect((await batchEnd(api.url, batchId)).status).toBe('completed');
});

test('originals whose batch was never enqueued are removed after a day, live ones never', async () => {
  const service = await ownService({ RETENTION_HOURS: '0.002' });
  const [api, admin] = [await service.startApi(), connect(service)];
  const lost = crypto.randomUUID();
  await writeFile(join(service.uploadDir, lost), 'stands for a folder');
  const live = await upload(api.url, ['a.jpg', await small()]);
  const longAgo = Date.now() - 26 * 60 * 60 * 1000;
  const anHourAgo = Date.now() - 60 * 60 * 1000;
  const young = crypto.randomUUID();
  await writeFile(join(service.uploadDir, young), 'is still being stored');
  await admin.zadd('{images}:incoming', longAgo, lost, longAgo, live, anHourAgo, young);
  // None of its images can be processed meanwhile.
  await admin.hset('{images}:images:meta', 'paused', '1');
  await service.startWorker();
  await until(async () => (await admin.zrange('{images}:incoming', '0', '-1')).join() === young);
  expect(await storedNames(service.uploadDir)).toEqual([live, young].sort());
});
