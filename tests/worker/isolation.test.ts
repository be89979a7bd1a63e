import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, readBatch, readJob, upload } from '../support/client.ts';
import { imageChildren } from '../support/descendants.ts';
import { jpeg, letSlowPicturesIn, slowPicture } from '../support/pictures.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

const small = () => jpeg(64, 64);

test('an image that takes too long is ended, says so, and takes nothing else along', async () => {
  const service = await ownService({ ...letSlowPicturesIn, JOB_TIMEOUT_SECONDS: '1', WORKER_CONCURRENCY: '2' });
  const [api] = [await service.startApi(), await service.startWorker()];
  const batchId = await upload(
    api.url,
    ['slow.png', await slowPicture()],
    ['a.jpg', await small()],
    ['b.jpg', await small()],
  );
  const { files, status } = await batchEnd(api.url, batchId);
  expect(status).toBe('completed-with-errors');
  expect(files.map(({ state, failedReason }) => [state, failedReason])).toEqual([
    ['failed', 'took longer than the time limit'],
    ['completed', null],
    ['completed', null],
  ]);
});

test('an image that eats memory is ended, says so, and takes nothing else along', async () => {
  const service = await ownService({ ...letSlowPicturesIn, JOB_MEMORY_MB: '256' });
  const [api] = [await service.startApi(), await service.startWorker()];
  const batchId = await upload(api.url, ['large.png', await slowPicture()], ['a.jpg', await small()]);
  const { files } = await batchEnd(api.url, batchId);
  expect(files.map(({ state, failedReason }) => [state, failedReason])).toEqual([
    ['failed', 'needed more memory than the limit'],
    ['completed', null],
  ]);
});

test('a child that crashes is replaced and its image tried again; one that always crashes fails alone', async () => {
  const service = await ownService({ ...letSlowPicturesIn, WORKER_CONCURRENCY: '1' });
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  const batchId = await upload(api.url, ['slow.png', await slowPicture()], ['a.jpg', await small()]);
  const jobId = `${batchId}-0`;
  const admin = new Redis(service.redis.url);
  onCleanup(() => admin.disconnect());
  for (const next of ['waiting', 'waiting', 'failed']) {
    // Only this attempt's progress counts: by then its child has told its worker that it is there.
    await admin.hset(`{images}:images:${jobId}`, 'progress', '0');
    await until(async () => (await readJob(api.url, jobId)).progress === 10);
    const [child] = imageChildren(worker.child.pid);
    process.kill(child ?? Number.NaN, 'SIGSEGV');
    await until(async () => (await readJob(api.url, jobId)).state === next);
  }
  expect(await readJob(api.url, jobId)).toMatchObject({
    failedReason: 'the process that worked on this image was ended by SIGSEGV',
  });
  expect(await readBatch(api.url, batchId)).toMatchObject({
    status: 'completed-with-errors',
    files: [{ state: 'failed' }, { state: 'completed' }],
  });
});

test('a child that dies while it starts does not keep its job for ever', async () => {
  const service = await ownService({ WORKER_CONCURRENCY: '1', JOB_TIMEOUT_SECONDS: '1' });
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  const [child = Number.NaN] = await until(() => {
    const children = imageChildren(worker.child.pid);
    return children.length > 0 && children;
  });
  // It is there, but has not told its worker yet.
  await delay(150);
  process.kill(child, 'SIGKILL');
  expect(await batchEnd(api.url, batchId)).toMatchObject({ status: 'completed' });
});

test('a fault of the disk is tried again and heals', async () => {
  const processedDir = join(await temporaryFolder(), 'results');
  await writeFile(processedDir, 'in the way of the folder');
  const service = await ownService({ PROCESSED_DIR: processedDir });
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  await until(() => worker.output().includes('"willRetry":true'));
  expect(await readBatch(api.url, batchId)).toMatchObject({ status: 'processing', files: [{ failedReason: null }] });
  await rm(processedDir);
  expect(await batchEnd(api.url, batchId)).toMatchObject({ status: 'completed' });
});

test('a fault of the disk that stays fails after three attempts, without a path or a stack', async () => {
  const processedDir = join(await temporaryFolder(), 'results');
  await writeFile(processedDir, 'in the way of the folder');
  const service = await ownService({ PROCESSED_DIR: processedDir });
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  const { files } = await batchEnd(api.url, batchId);
  expect(files[0]).toMatchObject({
    state: 'failed',
    failedReason: 'The service could not store the result (EEXIST). Try again later.',
  });
  // Its log may arrive after its result.
  const failures = () => worker.output().match(/"msg":"image failed"/g)?.length ?? 0;
  await until(() => failures() >= 3);
  expect(failures()).toBe(3);
});

test('the API never loads libvips, the worker’s children do', async () => {
  const service = await ownService();
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  await batchEnd(api.url, await upload(api.url, ['a.jpg', await small()]));
  const loaded = async (pid: number | undefined) => {
    return /libvips/.test(await readFile(`/proc/${pid}/maps`, 'utf8'));
  };
  if (process.platform === 'linux') {
    expect(await loaded(api.child.pid)).toBe(false);
    expect(await loaded(worker.child.pid)).toBe(false);
    expect(await Promise.all(imageChildren(worker.child.pid).map(loaded))).toContain(true);
  }
  expect(await readdir(service.processedDir)).toHaveLength(1);
});
