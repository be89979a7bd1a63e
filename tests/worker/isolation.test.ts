import { readFile, rm, writeFile } from 'node:fs/promises';
import { batchEnd, post, readBatch, upload } from '../support/client.ts';
import { imageChildren } from '../support/descendants.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

const small = () => jpeg(64, 64);

test('a child that dies while it starts does not keep its job for ever', async () => {
  const service = await ownService({ WORKER_CONCURRENCY: '1', JOB_TIMEOUT_SECONDS: '5' });
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  const [child = Number.NaN] = await until(() => {
    const children = imageChildren(worker.child.pid);
    return children.length > 0 && children;
  });
  // It has only just been started, so it has not told its worker yet.
  process.kill(child, 'SIGKILL');
  expect(await batchEnd(api.url, batchId)).toMatchObject({ status: 'completed' });
});

/** A service whose folder of results has become a file. */
async function withoutResultsFolder() {
  const service = await ownService();
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  await rm(service.processedDir, { recursive: true });
  await writeFile(service.processedDir, 'in the way of the folder');
  return { service, api, worker };
}

test('a fault of the disk is tried again and heals', async () => {
  const { service, api, worker } = await withoutResultsFolder();
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  await until(() => worker.output().includes('"willRetry":true'));
  expect(await readBatch(api.url, batchId)).toMatchObject({ status: 'processing', files: [{ failedReason: null }] });
  await rm(service.processedDir);
  expect(await batchEnd(api.url, batchId)).toMatchObject({ status: 'completed' });
});

test('a fault of the disk that stays fails after three attempts, without a path or a stack', async () => {
  const { api, worker } = await withoutResultsFolder();
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  const { files } = await batchEnd(api.url, batchId);
  expect(files[0]).toMatchObject({
    state: 'failed',
    failedReason: 'The service could not store the result (EEXIST).',
    failure: { code: 'STORAGE_UNAVAILABLE' },
  });
  // Its log may arrive after its result.
  const failures = () => worker.output().match(/"msg":"image failed"/g)?.length ?? 0;
  await until(() => failures() >= 3);
  expect(failures()).toBe(3);
});

test('the log has the cause of an error with the id of its request', async () => {
  const service = await ownService();
  const api = await service.startApi();
  await rm(service.uploadDir, { recursive: true });
  await writeFile(service.uploadDir, 'in the way of the folder');
  const response = await post(api.url, [['a.jpg', await small()]]);
  expect(response.status).toBe(503);
  const line = await until(() =>
    api
      .output()
      .split('\n')
      .find((text) => text.includes('STORAGE_UNAVAILABLE')),
  );
  expect(JSON.parse(line)).toMatchObject({
    req: { id: response.headers.get('x-request-id') },
    err: { code: 'STORAGE_UNAVAILABLE', message: expect.stringContaining(service.uploadDir) },
  });
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
  expect(await storedNames(service.processedDir)).toHaveLength(1);
});
