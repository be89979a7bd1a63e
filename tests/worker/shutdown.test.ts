import { setTimeout as delay } from 'node:timers/promises';
import { batchEnd, type File, readJob, upload } from '../support/client.ts';
import { holdNextImage, imageChildren, isAlive } from '../support/descendants.ts';
import { allowSlowImages, jpeg, slowImage } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

test('on SIGTERM the worker finishes what runs, takes no more, and exits 0', async () => {
  const service = await ownService({ WORKER_CONCURRENCY: '1', SHUTDOWN_SECONDS: '120' });
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  const release = await holdNextImage(worker, api.url);
  const batchId = await upload(api.url, ['a.jpg', await jpeg(64, 64)], ['next.jpg', await jpeg(64, 64)]);
  await until(async () => (await readJob(api.url, `${batchId}-0`)).state === 'active');
  const ended = worker.end('SIGTERM');
  await until(() => worker.output().includes('shutting down'));
  release();
  expect(await ended).toBe(0);
  expect((await readJob(api.url, `${batchId}-0`)).state).toBe('completed');
  expect((await readJob(api.url, `${batchId}-1`)).state).toBe('waiting');
});

test('what does not end within the limit is handed back at once, and the worker still exits 0 and leaves no process', async () => {
  const service = await ownService({ ...allowSlowImages, WORKER_CONCURRENCY: '1', SHUTDOWN_SECONDS: '1' });
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  const release = await holdNextImage(worker, api.url);
  const children = imageChildren(worker.child.pid);
  const batchId = await upload(api.url, ['slow.png', slowImage()]);
  const jobId = `${batchId}-0`;
  await until(async () => (await readJob(api.url, jobId)).state === 'active');
  const ended = worker.end('SIGTERM');
  await until(() => worker.output().includes('shutting down'));
  // The image begins shortly before the limit, so that it runs at the limit on a machine of any speed.
  await delay(900);
  release();
  expect(await ended).toBe(0);
  expect(await readJob(api.url, jobId)).toMatchObject({ state: 'waiting', failedReason: null });
  await until(() => !children.some(isAlive));
  expect(await storedNames(service.processedDir)).toEqual([]);
  await service.startWorker();
  expect((await batchEnd(api.url, batchId)).status).toBe('completed');
});

test('children in the middle of their jobs end when their worker is killed', async () => {
  const service = await ownService({ WORKER_CONCURRENCY: '6' });
  const api = await service.startApi();
  const small = await jpeg(64, 64);
  for (let batch = 0; batch < 20; batch += 1) await upload(api.url, ...Array<File>(10).fill(['a.jpg', small]));
  for (let round = 1; round <= 2; round += 1) {
    const worker = await service.startWorker();
    await until(async () => (await storedNames(service.processedDir)).length > round * 10);
    const children = imageChildren(worker.child.pid);
    await worker.end('SIGKILL');
    await until(() => !children.some(isAlive));
  }
});

test('the jobs of a worker that was killed go on within 20 seconds, and its children die with it', async () => {
  const service = await ownService({ ...allowSlowImages, WORKER_CONCURRENCY: '1' });
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  const release = await holdNextImage(worker, api.url);
  const children = imageChildren(worker.child.pid);
  expect(children).not.toEqual([]);
  const batchId = await upload(api.url, ['slow.png', slowImage(7000)]);
  await until(async () => (await readJob(api.url, `${batchId}-0`)).state === 'active');
  release();
  await worker.end('SIGKILL');
  const killedAt = Date.now();
  await until(() => !children.some(isAlive));
  const other = await service.startWorker();
  await until(() => other.output().includes('continuing the job of a worker that died'), 20_000);
  expect(Date.now() - killedAt).toBeLessThan(20_000);
  expect((await batchEnd(api.url, batchId)).status).toBe('completed');
});

test('a child does not stay behind, however young it is when its worker is killed', async () => {
  const service = await ownService();
  const api = await service.startApi();
  for (const ageMs of [0, 200, 400]) {
    const worker = await service.startWorker();
    await upload(api.url, ['a.jpg', await jpeg(64, 64)]);
    const children = await until(() => {
      const found = imageChildren(worker.child.pid);
      return found.length > 0 && found;
    });
    await delay(ageMs);
    await worker.end('SIGKILL');
    await until(() => !children.some(isAlive));
  }
});
