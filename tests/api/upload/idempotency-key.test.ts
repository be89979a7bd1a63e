import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { Redis } from 'ioredis';
import { listeningApp } from '../../support/app.ts';
import { onCleanup } from '../../support/cleanup.ts';
import { form } from '../../support/client.ts';
import { jpeg } from '../../support/images.ts';
import { until } from '../../support/processes.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

let app: Awaited<ReturnType<typeof listeningApp>>;
let redis: TestRedis;
let admin: Redis;
let image: Buffer;

beforeAll(async () => {
  redis = await startRedis();
  app = await listeningApp(redis);
  admin = new Redis(redis.url);
  onCleanup(() => admin.disconnect());
  image = await jpeg(32, 32);
});

async function send(key: string, fields: Record<string, string> = {}, content: Buffer | string = image) {
  const body = form([['a.jpg', content]]);
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const headers = { 'Idempotency-Key': key };
  const response = await fetch(`${app.url}/process-images`, { method: 'POST', body, headers });
  return {
    status: response.status,
    body: (await response.json()) as { batchId: string; code: string; detail: string },
  };
}

test.each(['', '""', '"a', 'a b', 'a"b', 'x'.repeat(256), `"${'x'.repeat(256)}"`, 'ä'])(
  'returns 400 for the key %p, and stores nothing',
  async (key) => {
    const stored = await readdir(app.uploadDir);
    expect(await send(key)).toMatchObject({ status: 400, body: { code: 'INVALID_IDEMPOTENCY_KEY' } });
    expect(await readdir(app.uploadDir)).toEqual(stored);
  },
);

test('treats a quoted and an unquoted key as equal, and decodes escapes', async () => {
  const first = await send('one');
  expect(first.status).toBe(202);
  expect(await send('"one"')).toEqual(first);
  expect((await send('"o\\"ne"')).body.batchId).not.toBe(first.body.batchId);
});

test('compares the options of an upload in any order, and returns 422 if they differ', async () => {
  const first = await send('options', { width: '100', height: '50' });
  expect(await send('options', { height: '50', width: '100' })).toEqual(first);
  expect((await send('options', { width: '100' })).status).toBe(422);
});

test('allows a key to be used again after a refused upload', async () => {
  expect((await send('refused', {}, 'no image')).status).toBe(415);
  expect((await send('refused', { width: '0' })).status).toBe(400);
  expect((await send('refused')).status).toBe(202);
});

test('allows a key to be used again after Redis refused the upload', async () => {
  await admin.config('SET', 'maxmemory', '1');
  expect((await send('full')).status).toBe(503);
  await admin.config('SET', 'maxmemory', '0');
  expect((await send('full', { width: '100' })).status).toBe(202);
});

test('repeats the first response after the batch was deleted', async () => {
  const first = await send('removed');
  expect((await fetch(`${app.url}/batches/${first.body.batchId}`, { method: 'DELETE' })).status).toBe(204);
  expect(await send('removed')).toEqual(first);
});

test('returns 409 while an upload with the same key is received, under a lease of at most 15 seconds', async () => {
  const body = form([['a.jpg', image]]);
  const { headers } = new Request(app.url, { method: 'POST', body });
  const upload = request(`${app.url}/process-images`, {
    method: 'POST',
    headers: { 'Content-Type': headers.get('Content-Type') ?? '', 'Content-Length': '5000', 'Idempotency-Key': 'held' },
  });
  upload.on('error', () => {});
  upload.flushHeaders();
  const [lease = ''] = await until(async () => {
    const leases = await admin.keys('{images}:idempotency:*:lease');
    return leases.length > 0 && leases;
  });
  const left = await admin.pttl(lease);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(15_000);
  expect((await send('held')).status).toBe(409);
  upload.destroy();
  await until(async () => (await send('held')).status === 202);
});

test('returns 500 for a key whose stored record is unreadable, and accepts other keys', async () => {
  expect((await send('broken')).status).toBe(202);
  const digest = createHash('sha256')
    .update(JSON.stringify([undefined, 'broken']))
    .digest('hex');
  await admin.set(`{images}:idempotency:${digest}`, '{"batchId":', 'KEEPTTL');
  const stored = await readdir(app.uploadDir);
  for (let time = 0; time < 2; time += 1) {
    const { status, body } = await send('broken');
    expect([status, body.code]).toEqual([500, 'INTERNAL_ERROR']);
    expect(body.detail).toContain('send it with another key');
  }
  expect(await readdir(app.uploadDir)).toEqual(stored);
  expect((await send('another')).status).toBe(202);
});

test('remembers a key for a day, but not longer than its batch', async () => {
  const ttls = async () => Promise.all((await admin.keys('{images}:idempotency:*')).map((key) => admin.pttl(key)));
  await send('a day');
  const day = Math.max(...(await ttls()));
  expect(day).toBeGreaterThan(23 * 60 * 60 * 1000);
  expect(day).toBeLessThanOrEqual(24 * 60 * 60 * 1000);
  await admin.flushall();
  app = await listeningApp(redis, { RETENTION_HOURS: '0.1' });
  await send('six minutes');
  expect(Math.max(...(await ttls()))).toBeLessThanOrEqual(6 * 60 * 1000);
});
