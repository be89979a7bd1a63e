import { Webhook } from 'standardwebhooks';
import type { WebhookResponse } from '../../src/api/views/webhook.ts';
import { batchEnd, form, readBatch } from '../support/client.ts';
import { jpeg, truncatedJpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { type Reply, startReceiver, webhookSettings } from '../support/receiver.ts';
import { ownService } from '../support/service.ts';

const [newSecret, oldSecret] = ['n', 'o'].map((letter) => `whsec_${Buffer.alloc(32, letter).toString('base64')}`);
const settings = { ...webhookSettings, WORKER_CONCURRENCY: '1', WEBHOOK_SECRETS: `${newSecret},${oldSecret}` };

/** Responds with these in turn, and then with 200. */
const inTurn = (...replies: Reply[]) => startReceiver((call) => replies[call] ?? 200);

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let image: Buffer;
beforeAll(async () => {
  service = await ownService(settings);
  [api, image] = await Promise.all([service.startApi(), jpeg(32, 32), service.startWorker()]);
});

async function post(fields: Record<string, string>, content = image): Promise<Response> {
  const body = form([['a.jpg', content]]);
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return fetch(`${api.url}/process-images`, { method: 'POST', body });
}
async function upload(fields: Record<string, string>, content = image): Promise<string> {
  const response = await post(fields, content);
  expect(response.status).toBe(202);
  return ((await response.json()) as { batchId: string }).batchId;
}
async function webhookOf(batchId: string): Promise<WebhookResponse> {
  return (await (await fetch(`${api.url}/batches/${batchId}/webhooks`)).json()) as WebhookResponse;
}
const ended = (batchId: string) =>
  until(async () => {
    const webhook = await webhookOf(batchId);
    return webhook.state !== 'pending' && webhook;
  });

test('a receiver verifies a webhook with the new and with the old secret', async () => {
  const { calls, url } = await startReceiver();
  const batchId = await upload({ webhook: url, tags: 'a,b', metadata: '{"order":4711}' });
  const webhook = await ended(batchId);
  expect(webhook).toMatchObject({
    webhookId: `msg_${batchId}`,
    url,
    state: 'delivered',
    attempts: [{ statusCode: 200, error: null }],
    nextAttemptAt: null,
  });
  expect(calls).toHaveLength(1);
  const [{ headers, body } = { headers: {}, body: '' }] = calls;
  expect(headers).toMatchObject({ 'webhook-id': `msg_${batchId}`, 'content-type': 'application/json' });
  const status = await readBatch(api.url, batchId);
  for (const secret of [newSecret, oldSecret]) {
    expect(new Webhook(String(secret)).verify(body, headers)).toEqual({
      type: 'batch.completed',
      timestamp: status.finishedAt,
      data: {
        batchId,
        status: 'completed',
        progress: status.progress,
        createdAt: status.createdAt,
        finishedAt: status.finishedAt,
        tags: ['a', 'b'],
        metadata: { order: 4711 },
        links: status.links,
      },
    });
  }
  expect(() => new Webhook(`whsec_${Buffer.alloc(32, 'x').toString('base64')}`).verify(body, headers)).toThrow();
});

test('a webhook is sent again after 500, with the same id and body, until the receiver responds 200', async () => {
  const { calls, url } = await inTurn(500, 302, 200);
  const batchId = await upload({ webhook: url }, await truncatedJpeg());
  const { state, attempts } = await ended(batchId);
  expect([state, attempts.map(({ statusCode }) => statusCode)]).toEqual(['delivered', [500, 302, 200]]);
  expect(new Set(calls.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size).toBe(1);
  expect(JSON.parse(calls[0]?.body ?? '').type).toBe('batch.completed-with-errors');
  expect(JSON.stringify(await webhookOf(batchId))).not.toContain('what the receiver says');
});

test('a webhook is given up after 410, and after the last attempt, and can be delivered again', async () => {
  const gone = await inTurn(410);
  const unwanted = await upload({ webhook: gone.url });
  expect(await ended(unwanted)).toMatchObject({ state: 'failed', attempts: [{ statusCode: 410 }] });
  const failing = await inTurn(500, 500, 500, 500);
  const batchId = await upload({ webhook: failing.url });
  const failed = await ended(batchId);
  expect([failed.state, failed.attempts.length, failed.nextAttemptAt]).toEqual(['failed', 4, null]);

  const again = await fetch(`${api.url}/batches/${batchId}/webhooks/redeliver`, { method: 'POST' });
  expect([again.status, await again.json()]).toEqual([202, expect.objectContaining({ url: failing.url })]);
  await until(async () => (await ended(batchId)).attempts.length === 5);
  expect((await webhookOf(batchId)).state).toBe('delivered');
  await fetch(`${api.url}/batches/${batchId}/webhooks/redeliver`, { method: 'POST' });
  await until(() => failing.calls.length === 6);
});

test('a webhook is sent again after the time in Retry-After', async () => {
  const { url } = await inTurn({ status: 503, headers: { 'Retry-After': '3600' } });
  const batchId = await upload({ webhook: url });
  const { attempts, nextAttemptAt } = await until(async () => {
    const webhook = await webhookOf(batchId);
    return webhook.attempts.length === 1 && webhook;
  });
  const waitMs = Date.parse(String(nextAttemptAt)) - Date.parse(String(attempts[0]?.at));
  expect(waitMs).toBeGreaterThanOrEqual(3_600_000);
  await fetch(`${api.url}/batches/${batchId}/webhooks/redeliver`, { method: 'POST' });
  expect((await ended(batchId)).attempts).toHaveLength(2);
});

test('a retry and a reprocess have the webhook of their batch, or their own', async () => {
  const [first, second] = [await startReceiver(), await startReceiver()];
  const batchId = await upload({ webhook: first.url }, await truncatedJpeg());
  await batchEnd(api.url, batchId);
  const reprocess = (body: object) =>
    fetch(`${api.url}/batches/${batchId}/reprocess`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    });
  expect((await fetch(`${api.url}/batches/${batchId}/retry`, { method: 'POST' })).status).toBe(202);
  expect((await reprocess({ webhook: second.url })).status).toBe(202);
  await until(() => first.calls.length === 2 && second.calls.length === 1);
});

test('a webhook is sent to the default address if the upload names none', async () => {
  const { calls, url } = await startReceiver();
  const { url: other } = await service.startApi({ WEBHOOK_URL: url });
  await fetch(`${other}/process-images`, { method: 'POST', body: form([['a.jpg', image]]) });
  await until(() => calls.length === 1);
});

test('a webhook is deleted with its batch', async () => {
  const { url } = await startReceiver();
  const batchId = await upload({ webhook: url });
  await ended(batchId);
  await fetch(`${api.url}/batches/${batchId}`, { method: 'DELETE' });
  expect((await fetch(`${api.url}/batches/${batchId}/webhooks`)).status).toBe(410);
  expect((await fetch(`${api.url}/batches/${await upload({})}/webhooks`)).status).toBe(404);
});

test.each([
  ['nothing', 'webhook must be one URL'],
  ['ftp://example.com', 'webhook must begin with https:// or http://'],
  ['https://user:secret@example.com/', 'webhook must not contain a user name'],
  ['http://10.0.0.1/', 'webhook must have a public address, and 10.0.0.1 is none'],
  ['http://0xa9fea9fe/', 'webhook must have a public address, and 169.254.169.254 is none'],
  ['http://[::ffff:10.0.0.1]/', 'webhook must have a public address'],
])('an upload refuses the webhook address %s', async (webhook, detail) => {
  const response = await post({ webhook });
  expect([response.status, await response.json()]).toEqual([
    400,
    expect.objectContaining({ code: 'INVALID_OPTION', detail: expect.stringContaining(detail) }),
  ]);
});

test('a webhook is never sent to a private address that a name resolves to', async () => {
  const service = await ownService({ ...settings, NETWORK_ALLOW: '' });
  api = await service.startApi();
  await service.startWorker();
  const { calls, url } = await startReceiver();
  const batchId = await upload({ webhook: url.replace('127.0.0.1', 'localhost') });
  expect(await ended(batchId)).toMatchObject({
    state: 'failed',
    attempts: Array.from({ length: 4 }, () => ({ statusCode: null, error: 'the host has no public address' })),
  });
  expect(calls).toEqual([]);
});

test('a webhook is refused without a secret, and says what the operator must set', async () => {
  const service = await ownService();
  api = await service.startApi();
  const response = await post({ webhook: 'https://example.com/' });
  expect([response.status, await response.json()]).toEqual([
    400,
    expect.objectContaining({ detail: expect.stringContaining('its operator sets WEBHOOK_SECRETS') }),
  ]);
});
