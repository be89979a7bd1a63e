import { readFile, rm, writeFile } from 'node:fs/promises';
import { batchEnd, post, readBatch, upload } from '../support/client.ts';
import { imageChildren } from '../support/descendants.ts';
import { jpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

const small = () => jpeg(64, 64);
let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let worker: TestProcess;

beforeAll(async () => {
  service = await ownService({ WORKER_CONCURRENCY: '1' });
  [api, worker] = await Promise.all([service.startApi(), service.startWorker()]);
});

test('starts its child processes before the first image', async () => {
  await until(() => imageChildren(worker.child.pid).length === 1);
});

test('retries the job of a child that dies while it starts', async () => {
  // Without a child, the worker starts one for the next image.
  const [idle = Number.NaN] = imageChildren(worker.child.pid);
  process.kill(idle, 'SIGKILL');
  await until(() => imageChildren(worker.child.pid).length === 0);
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  const [child = Number.NaN] = await until(() => {
    const children = imageChildren(worker.child.pid);
    return children.length > 0 && children;
  });
  // It has only just been started, so it has not received its job yet.
  process.kill(child, 'SIGKILL');
  expect(await batchEnd(api.url, batchId)).toMatchObject({ status: 'completed' });
});

test('loads libvips in the child processes only', async () => {
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  await batchEnd(api.url, batchId);
  const loaded = async (pid: number | undefined) => {
    return /libvips/.test(await readFile(`/proc/${pid}/maps`, 'utf8'));
  };
  if (process.platform === 'linux') {
    expect(await loaded(api.child.pid)).toBe(false);
    expect(await loaded(worker.child.pid)).toBe(false);
    expect(await Promise.all(imageChildren(worker.child.pid).map(loaded))).toContain(true);
  }
  expect((await storedNames(service.processedDir)).filter((name) => name.includes(batchId))).toHaveLength(1);
});

/** Puts a file where the folder of results was. */
async function replaceResultsFolder() {
  await rm(service.processedDir, { recursive: true });
  await writeFile(service.processedDir, 'not a folder');
}

test('retries a job whose result could not be written, until it can', async () => {
  await replaceResultsFolder();
  const retries = () => worker.output().match(/"willRetry":true/g)?.length ?? 0;
  const before = retries();
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  await until(() => retries() > before);
  expect(await readBatch(api.url, batchId)).toMatchObject({ status: 'processing', files: [{ failedReason: null }] });
  await rm(service.processedDir);
  expect(await batchEnd(api.url, batchId)).toMatchObject({ status: 'completed' });
});

test('fails a job whose result cannot be written in three attempts, without a path or a stack in its reason', async () => {
  await replaceResultsFolder();
  const failures = () => worker.output().match(/"msg":"image failed"/g)?.length ?? 0;
  const before = failures();
  const batchId = await upload(api.url, ['a.jpg', await small()]);
  const { files } = await batchEnd(api.url, batchId);
  expect(files[0]).toMatchObject({
    state: 'failed',
    failedReason: 'The service could not store the result (EEXIST).',
    failure: { code: 'STORAGE_UNAVAILABLE' },
  });
  // The log may arrive after the result.
  await until(() => failures() >= before + 3);
  expect(failures()).toBe(before + 3);
});

test('logs the cause of an error with the id of its request', async () => {
  await rm(service.uploadDir, { recursive: true });
  await writeFile(service.uploadDir, 'not a folder');
  const response = await post(api.url, [['a.jpg', await small()]]);
  expect(response.status).toBe(503);
  const lines = () => api.output().split('\n');
  const line = await until(() => lines().find((text) => text.includes('STORAGE_UNAVAILABLE')));
  expect(JSON.parse(line)).toMatchObject({
    req: { id: response.headers.get('x-request-id') },
    err: { code: 'STORAGE_UNAVAILABLE', message: expect.stringContaining(service.uploadDir) },
  });
});
