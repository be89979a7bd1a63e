import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { v4 as uuid } from 'uuid';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { batchEnd, form } from '../support/client.ts';
import { jpeg, truncatedJpeg } from '../support/images.ts';
import type { TestProcess } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let image: Buffer;
/** A batch whose second file has failed. */
let source: BatchResponse;

async function uploadWith(
  fields: Record<string, string>,
  files: (readonly [string, Buffer])[],
): Promise<BatchResponse> {
  const body = form(files);
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const response = await fetch(`${api.url}/process-images`, { method: 'POST', body });
  return batchEnd(api.url, ((await response.json()) as { batchId: string }).batchId);
}

beforeAll(async () => {
  service = await ownService({ WORKER_CONCURRENCY: '1' });
  [api, image] = await Promise.all([service.startApi(), jpeg(200, 100), service.startWorker()]);
  const files = [
    ['a.jpg', image],
    ['b.jpg', await truncatedJpeg()],
    ['c.jpg', image],
  ] as const;
  source = await uploadWith({ width: '64', tags: 'first', metadata: '{"order":1}' }, [...files]);
});

function send(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${api.url}/batches/${path}`, { method: 'POST', ...init });
}

async function accepted(response: Response): Promise<BatchResponse> {
  expect(response.status).toBe(202);
  const { batchId, statusUrl } = (await response.json()) as { batchId: string; statusUrl: string };
  expect(response.headers.get('Location')).toBe(statusUrl);
  return batchEnd(api.url, batchId);
}

const json = (body: object, headers = {}) => ({
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', ...headers },
});

test('retry makes a batch of the files that failed, with the same options, tags and metadata', async () => {
  const retried = await accepted(await send(`${source.batchId}/retry`));
  expect(retried).toMatchObject({
    sourceBatchId: source.batchId,
    tags: ['first'],
    metadata: { order: 1 },
    files: [{ originalName: 'b.jpg', state: 'failed' }],
  });
  const tagged = await accepted(await send(`${source.batchId}/retry`, json({ tags: ['second'], metadata: {} })));
  expect(tagged).toMatchObject({ tags: ['second'], metadata: { order: 1 } });
});

test('reprocess makes a batch of all files with other options', async () => {
  const response = await send(`${source.batchId}/reprocess`, json({ width: 32, format: 'webp', grayscale: false }));
  const { files } = await accepted(response);
  expect(files.map(({ originalName, state }) => [originalName, state])).toEqual([
    ['a.jpg', 'completed'],
    ['b.jpg', 'failed'],
    ['c.jpg', 'completed'],
  ]);
  expect(files[0]?.result).toMatchObject({ width: 32, height: 16, format: 'webp' });
});

test.each([
  [
    'a multipart form',
    () => {
      const body = new FormData();
      for (const [name, value] of [
        ['width', '20'],
        ['files', '2,0'],
      ])
        body.append(String(name), String(value));
      return { body };
    },
  ],
  ['a URL-encoded form', () => ({ body: new URLSearchParams({ width: '20', files: '[2,0]' }) })],
  ['JSON', () => json({ width: 20, files: [2, 0] })],
] as const)('reprocess takes options and files from %s', async (_kind, init) => {
  const { files } = await accepted(await send(`${source.batchId}/reprocess`, init()));
  expect(files.map(({ originalName, result }) => [originalName, result?.width])).toEqual([
    ['c.jpg', 20],
    ['a.jpg', 20],
  ]);
});

test('a retried request with the same Idempotency-Key makes one batch', async () => {
  const headers = { 'Idempotency-Key': 'again', Prefer: 'wait=30' };
  const [first, second] = [
    await send(`${source.batchId}/reprocess`, json({ width: 8 }, headers)),
    await send(`${source.batchId}/reprocess`, json({ width: 8 }, headers)),
  ];
  expect([first.status, second.status, second.headers.get('Idempotent-Replayed')]).toEqual([202, 202, 'true']);
  const [one, other] = [(await first.json()) as BatchResponse, (await second.json()) as BatchResponse];
  expect([other.batchId, one.status]).toEqual([one.batchId, 'completed-with-errors']);
  expect((await send(`${source.batchId}/reprocess`, json({ width: 9 }, headers))).status).toBe(422);
});

test('each batch keeps its originals when the other is deleted', async () => {
  const first = await uploadWith({}, [['a.jpg', image]]);
  const second = await accepted(await send(`${first.batchId}/reprocess`));
  const third = await accepted(await send(`${second.batchId}/reprocess`));
  // A hard link takes no space.
  expect((await stat(join(service.uploadDir, third.batchId, '0'))).nlink).toBe(3);
  await fetch(`${api.url}/batches/${first.batchId}`, { method: 'DELETE' });
  await fetch(`${api.url}/batches/${third.batchId}`, { method: 'DELETE' });
  const original = await fetch(`${api.url}/jobs/${second.batchId}-0/original`);
  expect(Buffer.from(await original.arrayBuffer()).equals(image)).toBe(true);
});

test.each([
  ['retry', { width: 300 }, 'INVALID_OPTION', 'width cannot be set'],
  ['reprocess', { width: 0 }, 'INVALID_OPTION', 'width must be'],
  ['reprocess', { nothing: 1 }, 'INVALID_OPTION', 'nothing is unknown'],
  ['reprocess', { files: [3] }, 'INVALID_OPTION', 'files must be a list of different positions from 0 to 2'],
  ['reprocess', { files: [1, 1] }, 'INVALID_OPTION', 'files must be'],
  ['reprocess', { files: [] }, 'INVALID_OPTION', 'files must be'],
  ['reprocess', { tags: [1] }, 'INVALID_OPTION', 'tags must be'],
  ['reprocess', { preset: 'unknown' }, 'INVALID_OPTION', 'preset must be'],
] as const)('%s refuses %j', async (route, body, code, detail) => {
  const response = await send(`${source.batchId}/${route}`, json(body));
  expect([response.status, await response.json()]).toEqual([
    400,
    expect.objectContaining({ code, detail: expect.stringContaining(detail) }),
  ]);
});

test('counts against the rate limit of uploads', async () => {
  const limited = await service.startApi({ RATE_LIMIT_UPLOADS: '1' });
  const statuses: number[] = [];
  for (const path of ['retry', 'reprocess']) {
    const response = await fetch(`${limited.url}/batches/${source.batchId}/${path}`, { method: 'POST' });
    statuses.push(response.status);
  }
  expect(statuses).toEqual([202, 429]);
});

test('responds 409 if nothing has failed, and 410 if an original is gone, and stores nothing', async () => {
  const { batchId } = await uploadWith({}, [['a.jpg', image]]);
  const refused = await send(`${batchId}/retry`);
  expect([refused.status, await refused.json()]).toEqual([409, expect.objectContaining({ code: 'NOTHING_FAILED' })]);
  await rm(join(service.uploadDir, batchId, '0'));
  const before = await readdir(service.uploadDir);
  const gone = await send(`${batchId}/reprocess`);
  expect([gone.status, await gone.json()]).toEqual([410, expect.objectContaining({ code: 'FILE_GONE' })]);
  expect(await readdir(service.uploadDir)).toEqual(before);
  expect((await send(`${uuid()}/retry`)).status).toBe(404);
});
