import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { listeningApp } from '../support/app.ts';
import { onCleanup } from '../support/cleanup.ts';
import { runCleanupJob } from '../support/cleanup-job.ts';
import { batchEnd, type File, form, readBatch, readJob, upload } from '../support/client.ts';
import { holdNextImage } from '../support/descendants.ts';
import { allowSlowImages, jpeg, slowImage, truncatedJpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';
import { readZip } from '../support/zip.ts';

/** Sorted set of the second passes. */
const REMOVING = '{images}:removing-files';
const anyTime = expect.stringMatching(/^\d{4}-.*Z$/);

let service: Awaited<ReturnType<typeof ownService>>;
let url: string;
let worker: TestProcess;
let admin: Redis;
let image: Buffer;
let broken: Buffer;

beforeAll(async () => {
  const settings = { LINK_SECRET: 's'.repeat(43), REUSE_RESULTS: 'true', WORKER_CONCURRENCY: '1' };
  service = await ownService({ ...allowSlowImages, ...settings });
  admin = new Redis(service.redis.url);
  onCleanup(() => admin.disconnect());
  [{ url }, worker, image, broken] = await Promise.all([
    service.startApi(),
    service.startWorker(),
    jpeg(64, 48),
    truncatedJpeg(),
  ]);
});

const remove = (jobId: string, api = url) => fetch(`${api}/jobs/${jobId}`, { method: 'DELETE' });
const codeOf = async (response: Response) => [response.status, ((await response.json()) as { code: string }).code];
const resultsOf = async (batchId: string) =>
  (await storedNames(service.processedDir)).filter((name) => name.includes(batchId));
const originalsOf = (batchId: string) => readdir(join(service.uploadDir, batchId));
const copy = (batchId: string, route: 'retry' | 'reprocess', body = {}) =>
  fetch(`${url}/batches/${batchId}/${route}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });
const namesOf = ({ files }: BatchResponse) => files.map(({ originalName }) => originalName);

async function copied(response: Response): Promise<BatchResponse> {
  expect(response.status).toBe(202);
  return batchEnd(url, ((await response.json()) as { batchId: string }).batchId);
}

/** Uploads files, and waits until all have ended and their batch is in no queue any more. */
async function endedBatch(files: readonly File[], variants?: object[]): Promise<string> {
  const body = form(files);
  if (variants) body.append('variants', JSON.stringify(variants));
  const response = await fetch(`${url}/process-images`, { method: 'POST', body });
  const { batchId } = (await response.json()) as { batchId: string };
  await batchEnd(url, batchId);
  await until(() => admin.zscore('{images}:batches:completed', batchId));
  return batchId;
}

test('deletes the original and all variants of a file; its state and its result stay', async () => {
  const files: File[] = [
    ['a.jpg', image],
    ['b.jpg', image],
    ['c.jpg', broken],
  ];
  const batchId = await endedBatch(files, [
    { name: 'x', format: 'webp' },
    { name: 'y', width: 16 },
  ]);
  const jobId = `${batchId}-0`;
  const before = await readBatch(url, batchId);
  const link = await fetch(`${url}/jobs/${jobId}/links`, {
    method: 'POST',
    body: new URLSearchParams({ expiresInSeconds: '60' }),
  });
  const { url: signed } = (await link.json()) as { url: string };
  expect((await fetch(signed)).status).toBe(200);

  expect((await remove(jobId)).status).toBe(204);
  expect(await resultsOf(batchId)).toEqual([`processed-${batchId}-1-x.webp`, `processed-${batchId}-1-y.jpg`]);
  expect(await originalsOf(batchId)).toEqual(['1', '2']);
  const after = await readBatch(url, batchId);
  const [first, ...others] = before.files;
  expect(after).toEqual({ ...before, files: [{ ...first, deletedAt: anyTime }, ...others] });
  expect(others.map(({ deletedAt }) => deletedAt)).toEqual([null, null]);
  const job = await readJob(url, jobId);
  expect(job).toMatchObject({ state: 'completed', result: first?.result, deletedAt: after.files[0]?.deletedAt });
  expect(await (await fetch(`${url}/batches/${batchId}/events`)).text()).toContain(`data: ${JSON.stringify(after)}\n`);

  for (const path of ['result', 'result?variant=y', 'original']) {
    const gone = await fetch(`${url}/jobs/${jobId}/${path}`);
    expect([gone.status, await gone.json()]).toMatchObject([410, { code: 'FILE_DELETED', deletedAt: job.deletedAt }]);
  }
  expect(await codeOf(await fetch(signed))).toEqual([410, 'FILE_DELETED']);
  const newLink = await fetch(`${url}/jobs/${jobId}/links`, {
    method: 'POST',
    body: new URLSearchParams({ expiresInSeconds: '60', original: 'true' }),
  });
  expect(await codeOf(newLink)).toEqual([410, 'FILE_DELETED']);

  const archive = await fetch(`${url}/batches/${batchId}/archive`);
  const entries = readZip(Buffer.from(await archive.arrayBuffer()));
  expect(entries.map(({ name }) => name)).toEqual(['b-x.webp', 'b-y.jpg', 'manifest.json']);
  expect(JSON.parse(String(entries.at(-1)?.content)).files).toMatchObject([
    { originalName: 'a.jpg', state: 'completed', names: [], deletedAt: job.deletedAt },
    { originalName: 'b.jpg', state: 'completed', names: ['b-x.webp', 'b-y.jpg'], deletedAt: null },
    { originalName: 'c.jpg', state: 'failed', names: [], deletedAt: null },
  ]);

  // Again, and a file that failed.
  expect((await remove(jobId)).status).toBe(204);
  expect((await readJob(url, jobId)).deletedAt).toBe(job.deletedAt);
  expect((await remove(`${batchId}-2`)).status).toBe(204);
  expect(await originalsOf(batchId)).toEqual(['1']);
  expect(await readJob(url, `${batchId}-2`)).toMatchObject({ state: 'failed', deletedAt: anyTime });

  expect((await fetch(`${url}/batches/${batchId}`, { method: 'DELETE' })).status).toBe(204);
  expect([await resultsOf(batchId), (await storedNames(service.uploadDir)).includes(batchId)]).toEqual([[], false]);
  expect(await codeOf(await remove(jobId))).toEqual([410, 'BATCH_REMOVED']);
  expect(await admin.keys(`*:${jobId}*`)).toEqual([]);
});

test('reprocess and retry take the files that were not deleted, and name those that were', async () => {
  const batchId = await endedBatch([
    ['a.jpg', image],
    ['b.jpg', broken],
    ['c.jpg', image],
    ['d.jpg', broken],
  ]);
  const refused = async (route: 'retry' | 'reprocess', files?: number[]) => {
    const response = await copy(batchId, route, files && { files });
    return [response.status, await response.json()];
  };
  const problem = (code: string, positions: string) => ({ code, detail: expect.stringContaining(`: ${positions}.`) });

  expect(namesOf(await copied(await copy(batchId, 'retry', { files: [3] })))).toEqual(['d.jpg']);
  expect(await refused('retry', [0, 1, 2])).toMatchObject([400, problem('INVALID_OPTION', '0, 2')]);
  expect(await refused('retry', [4])).toMatchObject([400, { code: 'INVALID_OPTION' }]);

  for (const index of [0, 1]) expect((await remove(`${batchId}-${index}`)).status).toBe(204);
  expect(namesOf(await copied(await copy(batchId, 'reprocess')))).toEqual(['c.jpg', 'd.jpg']);
  expect(namesOf(await copied(await copy(batchId, 'retry')))).toEqual(['d.jpg']);
  expect(await refused('reprocess', [2, 0])).toMatchObject([410, problem('FILE_DELETED', '0')]);
  expect(await refused('retry', [3, 1])).toMatchObject([410, problem('FILE_DELETED', '1')]);

  for (const index of [2, 3]) await remove(`${batchId}-${index}`);
  expect(await refused('reprocess')).toMatchObject([410, problem('FILE_DELETED', '0, 1, 2, 3')]);
  expect(await refused('retry')).toMatchObject([410, problem('FILE_DELETED', '1, 3')]);
});

test('a file with the same content is processed again after the result to reuse was deleted', async () => {
  const content = await jpeg(90, 90);
  const first = await endedBatch([['a.jpg', content]]);
  await until(async () => (await admin.mget(...(await admin.keys('{images}:reuse:*')))).includes(`${first}-0`));
  await remove(`${first}-0`);
  const { status, files } = await readBatch(url, await endedBatch([['b.jpg', content]]));
  expect([status, files[0]?.result?.reused]).toEqual(['completed', undefined]);
});

test('refuses a file that waits or runs, and one of another owner', async () => {
  const release = await holdNextImage(worker, url);
  // Content that no file had before: its result cannot be reused.
  const batchId = await upload(url, ['slow.png', slowImage()], ['a.jpg', await jpeg(70, 70)]);
  await until(async () => (await readJob(url, `${batchId}-0`)).state === 'active');
  for (const index of [0, 1]) {
    expect(await codeOf(await remove(`${batchId}-${index}`))).toEqual([409, 'JOB_NOT_FINISHED']);
    expect((await readJob(url, `${batchId}-${index}`)).deletedAt).toBeNull();
  }
  release();
  expect((await batchEnd(url, batchId)).status).toBe('completed');

  const hash = createHash('sha256').update('key').digest('hex');
  const other = await listeningApp(service.redis, { API_KEYS: `bob:${hash}` });
  const headers = { Authorization: 'Bearer key' };
  const asBob = await fetch(`${other.url}/jobs/${batchId}-0`, { method: 'DELETE', headers });
  expect(await codeOf(asBob)).toEqual([404, 'JOB_NOT_FOUND']);
  expect((await readJob(url, `${batchId}-0`)).deletedAt).toBeNull();
});

test('if the storage fails, the file is gone for clients, and a repeat or the cleanup job deletes its bytes', async () => {
  const batchIds = [await endedBatch([['a.jpg', image]]), await endedBatch([['b.jpg', image]])];
  for (const batchId of batchIds) {
    // A folder in place of the result cannot be deleted.
    const result = join(service.processedDir, `processed-${batchId}-0.jpg`);
    await rm(result);
    await mkdir(result);
    const failed = await remove(`${batchId}-0`);
    expect([failed.headers.get('retry-after'), ...(await codeOf(failed))]).toEqual(['10', 503, 'STORAGE_UNAVAILABLE']);
    expect(await codeOf(await fetch(`${url}/jobs/${batchId}-0/result`))).toEqual([410, 'FILE_DELETED']);
    await rm(result, { recursive: true });
    await writeFile(result, 'the result');
  }
  const [repeated = '', left = ''] = batchIds;
  expect((await remove(`${repeated}-0`)).status).toBe(204);
  expect([await resultsOf(repeated), (await resultsOf(left)).length]).toEqual([[], 1]);

  // An hour later. In the meantime a worker that had lost its job has stored the result again.
  await writeFile(join(service.processedDir, `processed-${repeated}-0.jpg`), 'late');
  expect(Number(await admin.zscore(REMOVING, `${repeated}-0`)) - Date.now()).toBeGreaterThan(3_000_000);
  await admin.zadd(REMOVING, 1, `${repeated}-0`, 2, `${left}-0`, 3, 'no job id');
  await runCleanupJob(admin);
  for (const batchId of batchIds) expect([await resultsOf(batchId), await originalsOf(batchId)]).toEqual([[], []]);
  const pending = await admin.zrange(REMOVING, '0', '-1');
  expect(pending.filter((member) => member === 'no job id' || batchIds.includes(member.slice(0, -2)))).toEqual([]);
});
