import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, type File, post, upload } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { describeOnSmallDisk, smallDisk } from '../support/small-disk.ts';
import { ID_FILE, storedNames } from '../support/whole.ts';

const FOLDERS = ['UPLOAD_DIR', 'PROCESSED_DIR'] as const;
let file: File;
beforeAll(async () => {
  file = ['a.jpg', await jpeg(64, 64)];
});

/** What a process says that does not start, because one of its folders is another one than its queue's. */
const refusal = (setting: string, folder: string) =>
  new RegExp(
    `does not use the storage of its queue[^]* ${setting} \\(${join(folder, ID_FILE)}\\)[^]*DEL '{images}:storage'`,
  );

/** What a process says that ends at its start. */
const endOf = (starting: Promise<unknown>): Promise<string> =>
  starting.then(
    () => 'it started',
    (error: Error) => error.message,
  );

test.each(FOLDERS)(
  'a worker with another %s does not start, and the right one processes the batch',
  async (setting) => {
    const service = await ownService();
    const api = await service.startApi();
    const batchId = await upload(api.url, file);
    const other = await temporaryFolder();
    expect(await endOf(service.startWorker({ [setting]: other }))).toMatch(refusal(setting, other));
    expect(await storedNames(other)).toEqual([]);
    await service.startWorker();
    expect((await batchEnd(api.url, batchId)).status).toBe('completed');
  },
);

test.each(FOLDERS)('an API with another %s does not start', async (setting) => {
  const service = await ownService();
  await service.startWorker();
  const other = await temporaryFolder();
  expect(await endOf(service.startApi({ [setting]: other }))).toMatch(refusal(setting, other));
});

test('processes that start without Redis take no work with another storage once it is there, and end', async () => {
  const service = await ownService();
  const first = await service.startApi();
  const batchId = await upload(first.url, file);
  await first.end();
  await service.redis.kill();
  const other = await temporaryFolder();
  const api = await service.startApi({ UPLOAD_DIR: other });
  const worker = endOf(service.startWorker({ UPLOAD_DIR: other }));
  const statuses = new Set([(await post(api.url, [file])).status]);
  const sending = until(async () => {
    const status = await post(api.url, [file]).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status > 0) statuses.add(status);
    return api.child.exitCode !== null;
  });
  await service.redis.restart();
  expect(await worker).toMatch(refusal('UPLOAD_DIR', other));
  await sending;
  expect(api.child.exitCode).toBe(1);
  expect(api.output()).toMatch(/does not use the storage of its queue/);
  expect([...statuses]).toEqual([503]);
  expect(await storedNames(other)).toEqual([]);

  const [right] = await Promise.all([service.startApi(), service.startWorker()]);
  expect((await batchEnd(right.url, batchId)).status).toBe('completed');
});

test('processes that start at the same moment with an empty Redis and new folders agree', async () => {
  const service = await ownService();
  const [api] = await Promise.all([
    service.startApi(),
    service.startApi(),
    service.startWorker(),
    service.startWorker(),
  ]);
  expect((await batchEnd(api.url, await upload(api.url, file))).status).toBe('completed');
});

test('a process starts again after Redis forgot everything, with a copy of its folders, and after the operator deleted the key', async () => {
  const service = await ownService();
  const redis = new Redis(service.redis.url);
  onCleanup(() => redis.disconnect());
  await (await service.startApi()).end();
  await redis.flushall();
  await (await service.startApi()).end();

  const copy = await temporaryFolder();
  await cp(service.uploadDir, copy, { recursive: true });
  await (await service.startApi({ UPLOAD_DIR: copy })).end();

  const other = await temporaryFolder();
  expect(await endOf(service.startApi({ UPLOAD_DIR: other }))).toMatch(refusal('UPLOAD_DIR', other));
  await redis.del('{images}:storage');
  await (await service.startApi({ UPLOAD_DIR: other })).end();
});

test('a process whose storage cannot be identified listens, takes no work, and is ready once it can', async () => {
  const service = await ownService();
  const folder = join(await temporaryFolder(), 'results');
  await writeFile(folder, 'in the way of the folder');
  const api = await service.startApi({ PROCESSED_DIR: folder });
  await until(() => api.output().includes('the storage cannot be identified'));
  expect(api.output()).toContain(`'${join(folder, ID_FILE)}'`);
  const ready = () => fetch(`${api.url}/readyz`);
  for (const answer of [await ready(), await post(api.url, [file])]) {
    expect(await answer.json()).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
    expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/);
  }
  expect(await readdir(service.uploadDir)).toEqual([ID_FILE]);
  await rm(folder);
  await until(async () => (await ready()).ok);
  await upload(api.url, file);
});

describeOnSmallDisk('a read-only folder of results', () => {
  test('is fine for an API once a worker was there', async () => {
    const disk = await smallDisk();
    const service = await ownService({ PROCESSED_DIR: disk.folder, MIN_FREE_DISK: '0' });
    const worker = await service.startWorker({}, disk.launcher);
    await disk.remount(worker, 'ro');
    const api = await service.startApi({}, disk.sharedWith(worker));
    await until(async () => (await fetch(`${api.url}/readyz`)).ok);
    await upload(api.url, file);
  });
});
