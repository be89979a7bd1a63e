import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import type { BatchListResponse, BatchResponse } from '../../src/api/views/status.ts';
import { onCleanup } from '../support/cleanup.ts';
import { form } from '../support/client.ts';
import { jpeg, truncatedJpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

const API_KEYS = ['alice', 'bob', 'carol']
  .map((name) => `${name}:${createHash('sha256').update(`key-of-${name}`).digest('hex')}`)
  .join(',');

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let image: Buffer;
beforeAll(async () => {
  service = await ownService({ API_KEYS, WORKER_CONCURRENCY: '1' });
  [api, image] = await Promise.all([service.startApi(), jpeg(32, 32)]);
});

const request = (name: string, path: string, init: RequestInit = {}) =>
  fetch(api.url + path, { ...init, headers: { 'X-API-Key': `key-of-${name}` } });

async function uploadAs(name: string, fields: Record<string, string> = {}, content = image): Promise<string> {
  const body = form([['a.jpg', content]]);
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  const response = await request(name, '/process-images', { method: 'POST', body });
  expect(response.status).toBe(202);
  return ((await response.json()) as { batchId: string }).batchId;
}

async function list(name: string, query = ''): Promise<BatchListResponse> {
  const response = await request(name, `/batches${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as BatchListResponse;
}
const idsOf = ({ batches }: BatchListResponse) => batches.map(({ batchId }) => batchId);

test('lists the batches of the client, newest first, page by page', async () => {
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) ids.unshift(await uploadAs('alice'));
  await uploadAs('bob');
  expect(idsOf(await list('alice'))).toEqual(ids);

  const first = await request('alice', '/batches?limit=2');
  const [, next] = /^<(.*)>; rel="next"$/.exec(first.headers.get('Link') ?? '') ?? [];
  const firstPage = (await first.json()) as BatchListResponse;
  const secondPage = await list('alice', String(next).replace('/batches', ''));
  const lastPage = await list('alice', `?limit=2&cursor=${secondPage.cursor}`);
  expect([firstPage, secondPage, lastPage].map(idsOf)).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  expect(lastPage.cursor).toBeNull();
  expect(firstPage.batches[0]).toEqual({
    batchId: ids[0],
    status: 'waiting',
    progress: { total: 1, completed: 0, failed: 0, active: 0, waiting: 1 },
    createdAt: expect.any(String),
    finishedAt: null,
    tags: [],
    links: { self: `/batches/${ids[0]}`, events: `/batches/${ids[0]}/events`, archive: `/batches/${ids[0]}/archive` },
  });
  for (const [name, query] of [
    ['bob', `?limit=2&cursor=${firstPage.cursor}`],
    ['alice', `?limit=2&tag=other&cursor=${firstPage.cursor}`],
    ['alice', '?cursor=x'],
  ] as const) {
    const response = await request(name, `/batches${query}`);
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'INVALID_PARAMETER', detail: expect.stringContaining('cursor') }),
    ]);
  }
});

test('returns tags and metadata with the batch, and finds batches by tag and time', async () => {
  const metadata = { order: 4711, nested: { deep: ['ä', null] } };
  const begun = new Date().toISOString();
  const tagged = await uploadAs('carol', { tags: ' holiday , Zürich', metadata: JSON.stringify(metadata) });
  const other = await uploadAs('carol', { tags: 'holiday' });
  const status = (await (await request('carol', `/batches/${tagged}`)).json()) as BatchResponse;
  expect(status).toMatchObject({ tags: ['holiday', 'Zürich'], metadata, finishedAt: null });
  expect(idsOf(await list('carol', '?tag=holiday'))).toEqual([other, tagged]);
  expect(idsOf(await list('carol', `?tag=${encodeURIComponent('Zürich')}`))).toEqual([tagged]);
  expect(idsOf(await list('carol', '?tag=nothing'))).toEqual([]);
  expect(idsOf(await list('carol', `?from=${begun}`))).toEqual([other, tagged]);
  expect(idsOf(await list('carol', `?to=${begun}`))).toEqual([]);
  expect(idsOf(await list('carol', `?from=${status.createdAt}&tag=Z%C3%BCrich`))).toEqual([tagged]);
  expect(idsOf(await list('carol', `?to=${status.createdAt}`))).toEqual([]);
  expect(api.output()).not.toMatch(/holiday|4711/);
});

test.each([
  ['status=done', 'status must be one or several of waiting'],
  ['limit=0', 'limit must be a whole number'],
  ['limit=101', 'limit must be a whole number'],
  ['from=yesterday', 'from must be a time'],
  ['tag=', 'tag must be'],
  ['page=2', '"page" is unknown'],
])('refuses the parameter %s by name', async (query, detail) => {
  const response = await request('alice', `/batches?${query}`);
  expect([response.status, await response.json()]).toEqual([
    400,
    expect.objectContaining({ detail: expect.stringContaining(detail) }),
  ]);
});

test.each([
  [{ tags: 'a,b,c,d,e,f,g,h,i,j,k' }, 'tags must be at most 10'],
  [{ tags: 'x'.repeat(65) }, 'tags must be 1 to 64 characters'],
  [{ metadata: '[1]' }, 'metadata must be a JSON object of at most 4 KiB'],
  [{ metadata: '{' }, 'metadata must be a JSON object'],
  [{ metadata: JSON.stringify({ x: 'x'.repeat(4096) }) }, 'metadata must be a JSON object of at most 4 KiB'],
])('refuses an upload with the fields %j', async (fields, detail) => {
  const body = form([['a.jpg', image]]);
  for (const [field, value] of Object.entries(fields)) body.append(field, String(value));
  const response = await request('alice', '/process-images', { method: 'POST', body });
  expect([response.status, await response.json()]).toEqual([
    400,
    expect.objectContaining({ code: 'INVALID_OPTION', detail: expect.stringContaining(detail) }),
  ]);
});

describe('with a worker', () => {
  let ended: { completed: string; failed: string };
  beforeAll(async () => {
    const worker = await service.startWorker();
    const completed = await uploadAs('bob', { tags: 'ended' });
    const failed = await uploadAs('bob', { tags: 'ended' }, await truncatedJpeg());
    ended = { completed, failed };
    await until(
      async () => (await list('bob', '?tag=ended&status=completed,completed-with-errors')).batches.length === 2,
    );
    await worker.end();
  });

  test('finds batches by their status, with the same numbers as their own status', async () => {
    const waiting = await uploadAs('bob', { tags: 'ended' });
    expect(idsOf(await list('bob', '?tag=ended&status=completed'))).toEqual([ended.completed]);
    expect(idsOf(await list('bob', '?tag=ended&status=completed-with-errors'))).toEqual([ended.failed]);
    expect(idsOf(await list('bob', '?tag=ended&status=waiting,processing'))).toEqual([waiting]);
    for (const entry of (await list('bob', '?tag=ended')).batches) {
      const status = (await (await request('bob', `/batches/${entry.batchId}`)).json()) as BatchResponse;
      expect(status).toMatchObject(entry);
      expect(entry.finishedAt === null).toBe(entry.batchId === waiting);
    }
  });

  test('corrects an entry with an old status, and leaves out batches that do not exist', async () => {
    const redis = new Redis(service.redis.url);
    onCleanup(() => redis.disconnect());
    const set = (status: string) => `{images}:list:${status}:key:bob|ended`;
    const [member = ''] = await redis.zrange(set('completed'), '0', '-1');
    await redis.zrem(set('completed'), member);
    const lost = `1700000000000:${uuid()}`;
    // An API died before it had enqueued the batch, and the client repeated the upload.
    const repeated = `1700000000000:${ended.completed}`;
    await redis.zadd(set('waiting'), 0, member, 0, lost, 0, repeated, 0, `${Date.now()}:${uuid()}`);
    expect(idsOf(await list('bob', '?tag=ended&status=waiting'))).not.toContain(ended.completed);
    await until(async () => (await redis.zrange(set('completed'), '0', '-1')).includes(member));
    for (const removed of [lost, repeated]) {
      await until(async () => !(await redis.zrange(set('waiting'), '0', '-1')).includes(removed));
    }
    expect(idsOf(await list('bob', '?tag=ended&status=completed'))).toEqual([ended.completed]);
  });

  test('leaves out deleted batches', async () => {
    expect((await request('bob', `/batches/${ended.failed}`, { method: 'DELETE' })).status).toBe(204);
    expect(idsOf(await list('bob', '?tag=ended'))).not.toContain(ended.failed);
    expect(idsOf(await list('bob', '?status=completed-with-errors'))).toEqual([]);
  });
});
