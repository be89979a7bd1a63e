import { createHash } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { onCleanup } from '../support/cleanup.ts';
import { form } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { listen } from '../support/listen.ts';
import { freePort } from '../support/ports.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { describeWithBucket, startBucket } from '../support/s3.ts';
import { ownService } from '../support/service.ts';

type Files = BatchResponse['files'];

let service: Awaited<ReturnType<typeof ownService>>;
let api: { url: string };
let worker: TestProcess;
let workerUrl: string;
let redis: Redis;

const on = { REUSE_RESULTS: 'true' };

beforeAll(async () => {
  const port = await freePort();
  workerUrl = `http://127.0.0.1:${port}`;
  service = await ownService({
    ...on,
    WORKER_CONCURRENCY: '1',
    WORKER_PORT: String(port),
    IMPORT_HOSTS: '127.0.0.1',
    NETWORK_ALLOW: '127.0.0.0/8',
  });
  redis = new Redis(service.redis.url);
  onCleanup(() => redis.disconnect());
  [api, worker] = await Promise.all([service.startApi(), service.startWorker()]);
});

/** Sends an upload and returns the id of its batch. */
async function send(body: FormData | object, { url = api.url, key = '', path = '/process-images' } = {}) {
  const init = body instanceof FormData ? { body } : { body: JSON.stringify(body) };
  const headers = {
    ...(body instanceof FormData ? {} : { 'Content-Type': 'application/json' }),
    ...(key && { Authorization: `Bearer ${key}` }),
  };
  const response = await fetch(url + path, { method: 'POST', headers, ...init });
  const accepted = (await response.json()) as { batchId: string };
  expect([response.status, accepted]).toEqual([202, expect.anything()]);
  return accepted.batchId;
}

function photo(content: Buffer, options: Record<string, string> = {}, name = 'a.jpg'): FormData {
  const body = form([[name, content]]);
  for (const [option, value] of Object.entries(options)) body.append(option, value);
  return body;
}

/** Waits until others can reuse the first result of a batch. The worker writes the key after the end of the job. */
function offered(batchId: string, from = redis): Promise<boolean> {
  return until(async () => {
    const keys = await from.keys('{images}:reuse:*');
    return keys.length > 0 && (await from.mget(keys)).includes(`${batchId}-0`);
  });
}

/** Waits until a batch has completed, and until others can reuse its first result. */
async function ended(batchId: string, { url = api.url, key = '', isOffered = true } = {}): Promise<Files> {
  const headers: Record<string, string> = key ? { Authorization: `Bearer ${key}` } : {};
  const { status, files } = await until(async () => {
    const batch = (await (await fetch(`${url}/batches/${batchId}`, { headers })).json()) as BatchResponse;
    return batch.status.startsWith('completed') && batch;
  });
  expect(status).toBe('completed');
  if (isOffered) await offered(batchId);
  return files;
}

async function bytesOf(path = '', url = api.url): Promise<Buffer> {
  const response = await fetch(url + path);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** Returns how many results the worker has reused, and how many images it has processed. */
async function counts() {
  const metrics = await (await fetch(`${workerUrl}/metrics`)).text();
  const read = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
  return { reused: read('image_results_reused_total'), processed: read('image_processing_seconds_count') };
}

const remove = (batchId: string) => fetch(`${api.url}/batches/${batchId}`, { method: 'DELETE' });
const resultFile = (batchId: string) => join(service.processedDir, `processed-${batchId}-0.jpg`);
const nextImage = (() => {
  let width = 100;
  return () => {
    width += 1;
    return jpeg(width, 80);
  };
})();

test('the same file with the same options gets the earlier result without a decode, and each is deleted alone', async () => {
  const image = await nextImage();
  const first = await send(photo(image, { width: '40' }, 'first.jpg'));
  const [made] = await ended(first);
  expect(made?.result).not.toHaveProperty('reused');
  const before = await counts();
  worker.child.kill('SIGSTOP');
  onCleanup(() => worker.child.kill('SIGCONT'));
  const second = await send(photo(image, { width: '40', format: 'jpeg' }, 'second.jpg'));
  // Processing this file would fail.
  await writeFile(join(service.uploadDir, second, '0'), 'no image');
  worker.child.kill('SIGCONT');
  const [reused] = await ended(second);
  expect(reused?.result).toEqual({
    ...made?.result,
    originalName: 'second.jpg',
    outputPath: made?.result?.outputPath.replace(first, second),
    resultUrl: made?.result?.resultUrl.replace(first, second),
    reused: true,
  });
  expect(await counts()).toEqual({ reused: before.reused + 1, processed: before.processed });
  expect((await stat(resultFile(second))).nlink).toBe(2);

  const bytes = await bytesOf(made?.resultUrl);
  await remove(first);
  expect(bytes.equals(await bytesOf(reused?.resultUrl))).toBe(true);
  // The last batch leads to the next.
  const third = await send(photo(image, { width: '40' }));
  const [again] = await ended(third);
  expect(again?.result).toMatchObject({ reused: true });
  await remove(second);
  await remove(third);
  const [fourth] = await ended(await send(photo(image, { width: '40' })));
  expect(fourth?.result).not.toHaveProperty('reused');
});

test('variants are reused as a whole', async () => {
  const image = await nextImage();
  const variants = JSON.stringify([
    { name: 'small', width: 20 },
    { name: 'large', width: 30, format: 'webp' },
  ]);
  const [made] = await ended(await send(photo(image, { variants })));
  const second = await send(photo(image, { variants }));
  const [reused] = await ended(second);
  expect(reused?.result).toMatchObject({
    reused: true,
    outputs: [
      { name: 'small', outputPath: expect.stringMatching(new RegExp(`processed-${second}-0-small.jpg$`)), width: 20 },
      { name: 'large', outputPath: expect.stringMatching(new RegExp(`processed-${second}-0-large.webp$`)), width: 30 },
    ],
  });
  for (const [index, { resultUrl }] of (made?.result?.outputs ?? []).entries()) {
    const bytes = await bytesOf(resultUrl);
    expect(bytes.equals(await bytesOf(reused?.result?.outputs?.[index]?.resultUrl))).toBe(true);
  }
});

test('reuses nothing of another owner', async () => {
  const image = await nextImage();
  const hash = (key: string) => createHash('sha256').update(key).digest('hex');
  const withKeys = await service.startApi({ API_KEYS: `alice:${hash('key-a')},bob:${hash('key-b')}` });
  const run = async (key: string) => {
    const client = { url: withKeys.url, key };
    return (await ended(await send(photo(image), client), client))[0]?.result?.reused;
  };
  expect([await run('key-a'), await run('key-b'), await run('key-a')]).toEqual([undefined, undefined, true]);
});

test.each([
  ['is missing', async () => {}],
  // Linking a folder fails with EPERM, as on a file system without hard links.
  ['cannot be linked', (path: string) => mkdir(path)],
])('processes the file if the earlier result %s', async (_what, replace) => {
  const image = await nextImage();
  const first = await send(photo(image));
  const [made] = await ended(first);
  const bytes = await bytesOf(made?.resultUrl);
  await rm(resultFile(first));
  await replace(resultFile(first));
  const [file] = await ended(await send(photo(image)));
  expect(file?.result).not.toHaveProperty('reused');
  expect(bytes.equals(await bytesOf(file?.resultUrl))).toBe(true);
});

test('uploads, imports and copies of other batches reuse the results of each other', async () => {
  const image = await nextImage();
  const server = createServer((_req, res) => void res.end(image));
  const url = `http://127.0.0.1:${await listen(server)}/a.jpg`;
  onCleanup(() => server.close());
  const first = await send({ files: [{ url }], options: { width: 50 } });
  expect((await ended(first))[0]?.result).not.toHaveProperty('reused');
  for (const body of [photo(image, { width: '50' }), { files: [{ url }], options: { width: 50 } }]) {
    expect((await ended(await send(body)))[0]?.result).toMatchObject({ reused: true, width: 50 });
  }
  const path = `/batches/${first}/reprocess`;
  expect((await ended(await send({ width: 50 }, { path })))[0]?.result).toMatchObject({ reused: true, width: 50 });
  expect((await ended(await send({ width: 51 }, { path })))[0]?.result).not.toHaveProperty('reused');
  expect((await ended(await send(photo(image, { width: '51' }))))[0]?.result).toMatchObject({ reused: true });
});

// The last test with this worker, since it ends it.
test('a file from before the setting was on is processed, also when it is reprocessed', async () => {
  const image = await nextImage();
  const off = await service.startApi({ REUSE_RESULTS: '' });
  const old = await send(photo(image), off);
  expect((await ended(old, { isOffered: false }))[0]?.result).not.toHaveProperty('reused');
  const reprocess = { path: `/batches/${old}/reprocess` };
  expect((await ended(await send({}, reprocess), { isOffered: false }))[0]?.result).not.toHaveProperty('reused');
  expect((await ended(await send(photo(image))))[0]?.result).not.toHaveProperty('reused');
  expect((await ended(await send(photo(image))))[0]?.result).toMatchObject({ reused: true });
  // Other workers do not look for earlier results.
  await worker.end();
  await service.startWorker({ REUSE_RESULTS: '' });
  expect((await ended(await send(photo(image)), { isOffered: false }))[0]?.result).not.toHaveProperty('reused');
});

describeWithBucket('with S3 storage', () => {
  test('copies the result within the bucket', async () => {
    const bucket = await startBucket();
    const remote = await ownService({ ...on, ...bucket.settings, WORKER_CONCURRENCY: '1' });
    const { url } = await remote.startApi();
    await remote.startWorker();
    const other = new Redis(remote.redis.url);
    onCleanup(() => other.disconnect());
    const image = await nextImage();
    const run = async () => {
      const batchId = await send(photo(image), { url });
      const [file] = await ended(batchId, { url, isOffered: false });
      await offered(batchId, other);
      return { batchId, file };
    };
    const first = await run();
    const second = await run();
    expect([first.file?.result?.reused, second.file?.result?.reused]).toEqual([undefined, true]);
    expect(second.file?.result?.outputPath).toMatch(new RegExp(`^s3://.*/processed-${second.batchId}-0.jpg$`));
    const bytes = await bytesOf(first.file?.resultUrl, url);
    await fetch(`${url}/batches/${first.batchId}`, { method: 'DELETE' });
    expect(bytes.equals(await bytesOf(second.file?.resultUrl, url))).toBe(true);
    await fetch(`${url}/batches/${second.batchId}`, { method: 'DELETE' });
    expect((await run()).file?.result).not.toHaveProperty('reused');
  });
});
