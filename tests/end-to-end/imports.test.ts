import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import sharp from 'sharp';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, readBatch, upload } from '../support/client.ts';
import { jpeg, png } from '../support/images.ts';
import { listen } from '../support/listen.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let worker: TestProcess;
let image: Buffer;
let server: Server;
/** The server of the images, under two names. */
let host: string;
let otherHost: string;
/** Number of requests by path. */
const requests = new Map<string, number>();
/** Responses that have sent half of an image and wait. */
const halves: ServerResponse[] = [];

async function startImageServer() {
  const drawing = await png(300, 200);
  server = createServer((req, res) => {
    const path = req.url ?? '';
    const count = (requests.get(path) ?? 0) + 1;
    requests.set(path, count);
    if (path.startsWith('/never')) return;
    if (path.startsWith('/half')) {
      res.writeHead(200, { 'Content-Length': image.length }).write(image.subarray(0, 1000));
      return void halves.push(res);
    }
    if (path.startsWith('/flaky') && count === 1) return void res.writeHead(503, { 'Retry-After': '1' }).end();
    if (path.startsWith('/reset') && count < 3) return void res.destroy();
    if (path.startsWith('/missing')) return void res.writeHead(404).end();
    if (path.startsWith('/broken')) return void res.writeHead(500).end();
    if (path.startsWith('/text')) return void res.end('no image');
    if (path.startsWith('/empty')) return void res.end();
    if (path.startsWith('/large')) return void res.end(Buffer.alloc(200_001));
    res.end(path.startsWith('/drawing') ? drawing : image);
  });
  const port = await listen(server);
  [host, otherHost] = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
}

beforeAll(async () => {
  image = await jpeg(640, 480);
  await startImageServer();
  service = await ownService({
    WORKER_CONCURRENCY: '1',
    IMPORT_HOSTS: '127.0.0.1,localhost',
    NETWORK_ALLOW: '127.0.0.0/8',
    MAX_FILE_BYTES: '200000',
    MAX_FILES: '30',
  });
  [api, worker] = await Promise.all([service.startApi(), service.startWorker()]);
});

function post(body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${api.url}/process-images`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** Requests a batch of URLs. Returns its id. */
async function importAll(urls: readonly string[], more: object = {}): Promise<string> {
  const response = await post({ files: urls.map((url) => ({ url })), ...more });
  const body = (await response.json()) as { batchId: string };
  expect([response.status, body]).toEqual([202, expect.anything()]);
  return body.batchId;
}

const failuresOf = ({ files }: BatchResponse) => files.map(({ failure }) => failure?.code ?? null);

test('curl sends URLs, and the worker imports and processes the files', async () => {
  const body = {
    files: [
      { url: `${host}/a/photo%20one.jpg?size=1` },
      { url: `${host}/drawing`, name: 'drawing.png' },
      { url: `${host}/` },
    ],
    options: { width: 100, format: 'webp' },
    variants: [
      { name: 'small', width: 32 },
      { name: 'original', format: 'original' },
    ],
    tags: ['shop'],
    metadata: { order: 1 },
  };
  const curl = ['-sS', '-H', 'Content-Type: application/json', '-d', JSON.stringify(body), `${api.url}/process-images`];
  const { batchId } = JSON.parse((await promisify(execFile)('curl', curl)).stdout);
  const batch = await batchEnd(api.url, batchId);
  expect(batch).toMatchObject({ status: 'completed', tags: ['shop'], metadata: { order: 1 } });
  expect(batch.files.map(({ originalName }) => originalName)).toEqual(['photo one.jpg', 'drawing.png', 'image']);
  const result = await (await fetch(`${api.url}/jobs/${batchId}-1/result?variant=original`)).arrayBuffer();
  expect(await sharp(Buffer.from(result)).metadata()).toMatchObject({ format: 'png', width: 100 });
  const original = await (await fetch(`${api.url}/jobs/${batchId}-0/original`)).arrayBuffer();
  expect(Buffer.from(original).equals(image)).toBe(true);
  expect((await readdir(service.uploadDir)).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
});

test('each file that cannot be imported fails alone, and temporary errors are retried', async () => {
  const urls = {
    [`${host}/photo`]: null,
    [`${host}/flaky`]: null,
    [`${host}/reset`]: null,
    [`${host}/missing?token=secret`]: 'IMPORT_FAILED',
    [`${host}/broken`]: 'IMPORT_FAILED',
    [`${host}/text`]: 'IMAGE_UNSUPPORTED',
    [`${host}/empty`]: 'IMAGE_UNSUPPORTED',
    [`${host}/large`]: 'IMPORT_TOO_LARGE',
    'http://example.com/': 'IMPORT_NOT_ALLOWED',
  };
  const batch = await batchEnd(api.url, await importAll(Object.keys(urls)));
  expect(batch.status).toBe('completed-with-errors');
  expect(failuresOf(batch)).toEqual(Object.values(urls));
  const reasons = batch.files.map(({ failedReason }) => failedReason);
  expect(reasons[3]).toMatch(/responded with status 404$/);
  expect(JSON.stringify(reasons)).not.toContain('secret');
  expect(['/missing?token=secret', '/flaky', '/reset', '/broken'].map((path) => requests.get(path))).toEqual([
    1, 2, 3, 3,
  ]);
  expect((await readdir(service.uploadDir)).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
});

test('a slow host holds up neither other hosts nor uploads', async () => {
  const slow = await importAll(Array.from({ length: 30 }, (_, index) => `${host}/never/${index}`));
  await until(() => (requests.get('/never/0') ?? 0) > 0);
  const [other, uploaded] = [await importAll([`${otherHost}/photo`]), await upload(api.url, ['a.jpg', image])];
  for (const batchId of [other, uploaded]) expect((await batchEnd(api.url, batchId)).status).toBe('completed');
  const { status, files } = await readBatch(api.url, slow);
  expect([status, new Set(files.map(({ state }) => state))]).toEqual(['waiting', new Set(['waiting'])]);
  // At most five requests to the same host at once.
  expect([...requests.keys()].filter((path) => path.startsWith('/never'))).toHaveLength(5);

  const cancelled = await fetch(`${api.url}/batches/${slow}/cancel`, { method: 'POST' });
  expect(cancelled.status).toBe(200);
  expect(new Set(failuresOf(await batchEnd(api.url, slow)))).toEqual(new Set(['CANCELLED']));
  // The places are free again.
  expect((await batchEnd(api.url, await importAll([`${host}/photo`]))).status).toBe('completed');
});

test('a retry imports again what was not imported; a reprocess uses what was', async () => {
  const urls = [`${host}/photo/once`, `${host}/missing/once`];
  const source = await importAll(urls);
  await batchEnd(api.url, source);
  const copyOf = async (what: string, body = '{}') => {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(`${api.url}/batches/${source}/${what}`, { method: 'POST', headers, body });
    return batchEnd(api.url, ((await response.json()) as { batchId: string }).batchId);
  };
  expect(failuresOf(await copyOf('retry'))).toEqual(['IMPORT_FAILED']);
  expect(failuresOf(await copyOf('reprocess', '{"width": 20}'))).toEqual([null, 'IMPORT_FAILED']);
  expect(urls.map((url) => requests.get(new URL(url).pathname))).toEqual([1, 3]);
});

test('a batch that is deleted during its import leaves nothing', async () => {
  const batchId = await importAll([`${host}/half/deleted`]);
  await until(() => halves.length > 0);
  expect((await fetch(`${api.url}/batches/${batchId}`, { method: 'DELETE' })).status).toBe(204);
  halves.pop()?.end(image.subarray(1000));
  const next = await importAll([`${host}/photo`]);
  expect((await batchEnd(api.url, next)).status).toBe('completed');
  await until(async () => (await readdir(service.uploadDir)).every((name) => !name.endsWith('.unfinished')));
  expect(await readdir(service.uploadDir)).not.toContain(batchId);
  expect((await readdir(service.processedDir)).filter((name) => name.includes(batchId))).toEqual([]);
});

test('repeats its response under the same Idempotency-Key', async () => {
  const headers = { 'Idempotency-Key': 'import' };
  const body = { files: [{ url: `${host}/photo/key` }] };
  const first = (await (await post(body, headers)).json()) as { batchId: string };
  const again = await post(body, headers);
  expect([again.headers.get('Idempotent-Replayed'), await again.json()]).toEqual([
    'true',
    expect.objectContaining(first),
  ]);
  expect((await post({ ...body, options: { width: 9 } }, headers)).status).toBe(422);
  await batchEnd(api.url, first.batchId);
  expect(requests.get('/photo/key')).toBe(1);
});

test.each([
  [{ files: [{ url: 'ftp://example.com/a.jpg' }] }, 'files.0.url'],
  [{ files: [{ url: 'https://me:secret@example.com/' }] }, 'files.0.url'],
  [{ files: [{ url: 'photo.jpg' }] }, 'files.0.url'],
  [{ files: [{ url: 'https://example.com/', header: 'x' }] }, 'header'],
  [{ files: [] }, 'files'],
  [{ files: 'https://example.com/' }, 'files'],
  [{}, 'files'],
  [{ files: [{ url: 'https://example.com/' }], width: 3 }, 'width'],
  [{ files: [{ url: 'https://example.com/' }], options: { width: 0 } }, 'width'],
  [{ files: [{ url: 'https://example.com/' }], webhook: 'x' }, 'webhook'],
])('refuses %j and names the problem', async (body, word) => {
  const response = await post(body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'INVALID_OPTION', detail: expect.stringContaining(word) });
});

// Last, because the workers that it starts end with it.
test('a worker that is killed or shut down during an import loses nothing', async () => {
  const admin = new Redis(service.redis.url);
  onCleanup(() => admin.disconnect());
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const path = `/half/${signal}`;
    const batchId = await importAll([`${host}${path}`]);
    await until(() => requests.get(path) === 1);
    const ending = worker.end(signal);
    if (signal === 'SIGKILL') await ending;
    halves.splice(0);
    worker = await service.startWorker();
    await until(() => requests.get(path) === 2);
    for (const half of halves.splice(0)) half.end(image.subarray(1000));
    expect(failuresOf(await batchEnd(api.url, batchId))).toEqual([null]);
    await ending;
    // Nothing of the import is left in its queue.
    await until(async () => (await admin.keys('{images}:imports:*-0')).length === 0);
  }
});
