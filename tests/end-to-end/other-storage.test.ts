import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, type File, post, upload } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { describeOnSmallDisk, smallDisk } from '../support/small-disk.ts';
import { ID_FILE, storedNames } from '../support/whole.ts';

let file: File;
beforeAll(async () => {
  file = ['a.jpg', await jpeg(64, 64)];
});

/** The error of a process that does not start because one of its folders is not that of its queue. */
const refusal = (setting: string, folder: string) =>
  new RegExp(
    `does not use the storage of its queue[^]* ${setting} \\(${join(folder, ID_FILE)}\\)[^]*DEL '{images}:storage'`,
  );

/** The output of a process that must end by itself. If Redis is slow, an API listens first and ends then. */
const outputOf = (starting: Promise<TestProcess>): Promise<string> =>
  starting.then(
    async ({ child, output }) => {
      await until(() => child.exitCode !== null);
      return output();
    },
    (error: Error) => error.message,
  );

test('accepts one storage when several processes start at once, and stops processes with other folders', async () => {
  const service = await ownService();
  const starts = [service.startWorker(), service.startApi()];
  const [api, ...first] = await Promise.all([service.startApi(), ...starts]);
  await Promise.all(first.map((process) => process.end()));
  const batchId = await upload(api.url, file);
  const others = [
    ['UPLOAD_DIR', service.startApi],
    ['PROCESSED_DIR', service.startWorker],
  ] as const;
  await Promise.all(
    others.map(async ([setting, start]) => {
      const other = await temporaryFolder();
      expect(await outputOf(start({ [setting]: other }))).toMatch(refusal(setting, other));
      expect(await storedNames(other)).toEqual([]);
    }),
  );
  await service.startWorker();
  expect((await batchEnd(api.url, batchId)).status).toBe('completed');
});

test('stops processes with another storage when Redis is back, if they started without it', async () => {
  const service = await ownService();
  const first = await service.startApi();
  const batchId = await upload(first.url, file);
  await first.end();
  await service.redis.kill();
  const other = await temporaryFolder();
  const api = await service.startApi({ UPLOAD_DIR: other });
  const worker = outputOf(service.startWorker({ UPLOAD_DIR: other }));
  const statuses = new Set([(await post(api.url, [file])).status]);
  const sending = until(async () => {
    const status = await post(api.url, [file]).then(
      (response) => response.status,
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

test('starts after Redis lost all data, with a copy of the folders, and after the operator deleted the key', async () => {
  const service = await ownService();
  const redis = new Redis(service.redis.url);
  onCleanup(() => redis.disconnect());
  const startsAndEnds = async (settings = {}) => expect(await (await service.startWorker(settings)).end()).toBe(0);
  await startsAndEnds();
  await redis.flushall();
  await startsAndEnds();

  const copy = await temporaryFolder();
  await cp(service.uploadDir, copy, { recursive: true });
  await startsAndEnds({ UPLOAD_DIR: copy });

  const other = await temporaryFolder();
  expect(await outputOf(service.startWorker({ UPLOAD_DIR: other }))).toMatch(refusal('UPLOAD_DIR', other));
  await redis.del('{images}:storage');
  await startsAndEnds({ UPLOAD_DIR: other });
});

test('refuses uploads until the storage of the API can be identified, and is ready then', async () => {
  const service = await ownService();
  const folder = join(await temporaryFolder(), 'results');
  await writeFile(folder, 'a file where the folder should be');
  const api = await service.startApi({ PROCESSED_DIR: folder });
  await until(() => api.output().includes('the storage cannot be identified'));
  expect(api.output()).toContain(`'${join(folder, ID_FILE)}'`);
  const ready = () => fetch(`${api.url}/readyz`);
  for (const response of [await ready(), await post(api.url, [file])]) {
    expect(await response.json()).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
    expect(response.headers.get('Retry-After')).toMatch(/^\d+$/);
  }
  expect(await readdir(service.uploadDir)).toEqual([ID_FILE]);
  await rm(folder);
  await until(async () => (await ready()).ok);
  await upload(api.url, file);
});

describeOnSmallDisk('with a read-only folder of results', () => {
  test('starts an API if a worker has written the id before', async () => {
    const disk = await smallDisk();
    const service = await ownService({ PROCESSED_DIR: disk.folder, MIN_FREE_DISK: '0' });
    const worker = await service.startWorker({}, disk.launcher);
    await disk.remount(worker, 'ro');
    const api = await service.startApi({}, disk.sharedWith(worker));
    await until(async () => (await fetch(`${api.url}/readyz`)).ok);
    await upload(api.url, file);
  });
});
