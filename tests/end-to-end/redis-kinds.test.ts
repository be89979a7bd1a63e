import { randomUUID } from 'node:crypto';
import { temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, form, listBatchIds, post, upload } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { startApi, startWorker, until } from '../support/processes.ts';
import { startReceiver, webhookSettings } from '../support/receiver.ts';
import { startCluster, startSentinels, startTlsRedis } from '../support/redis-kinds.ts';
import { ownService } from '../support/service.ts';

let image: Buffer;
beforeAll(async () => {
  image = await jpeg(64, 48);
});

async function startBoth(settings: Record<string, string>) {
  const folders = { UPLOAD_DIR: await temporaryFolder(), PROCESSED_DIR: await temporaryFolder() };
  const all = { ...folders, ...webhookSettings, WORKER_CONCURRENCY: '1', ...settings };
  const api = await startApi(all);
  await startWorker(all);
  await until(async () => (await fetch(`${api.url}/readyz`)).ok);
  return api;
}

/** Uses Redis in every way in which the service does: enqueue, wait, events, limits, keys, list, cancellation, webhooks, deletion. */
async function expectRoundTrip(url: string): Promise<void> {
  // A slow first connection suspends the rate limits for a second. Wait until they are active.
  await until(async () => (await post(url, [['notes.jpg', 'no image']])).headers.get('RateLimit')?.includes('uploads'));
  const receiver = await startReceiver();
  const body = form([
    ['a.jpg', image],
    ['b.jpg', image],
  ]);
  body.append('webhook', receiver.url);
  const response = await fetch(`${url}/process-images`, {
    method: 'POST',
    headers: { Prefer: 'wait=60', 'Idempotency-Key': `"${randomUUID()}"` },
    body,
  });
  expect(response.status).toBe(202);
  const { batchId, status } = (await response.json()) as { batchId: string; status: string };
  expect(status).toBe('completed');
  const events = await (await fetch(`${url}/batches/${batchId}/events`)).text();
  expect(events).toContain('event: done');
  expect((await fetch(`${url}/jobs/${batchId}-1/result`)).status).toBe(200);
  expect((await fetch(`${url}/metrics`)).status).toBe(200);
  expect(await (await fetch(`${url}/status`)).json()).toMatchObject({ workers: 1 });
  const again = await fetch(`${url}/batches/${batchId}/reprocess`, { method: 'POST' });
  const copy = ((await again.json()) as { batchId: string }).batchId;
  const cancelled = await fetch(`${url}/batches/${copy}/cancel`, { method: 'POST' });
  // 409 if the worker was quicker.
  expect([200, 202, 409]).toContain(cancelled.status);
  await batchEnd(url, copy);
  await until(async () => (await listBatchIds(url, 'completed')).includes(batchId));
  const received = receiver.calls.length;
  await fetch(`${url}/batches/${batchId}/webhooks/redeliver`, { method: 'POST' });
  await until(() => receiver.calls.length > received);
  expect((await fetch(`${url}/jobs/${batchId}-1`, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(`${url}/jobs/${batchId}-1/result`)).status).toBe(410);
  expect((await fetch(`${url}/batches/${batchId}`, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(`${url}/batches/${batchId}`)).status).toBe(410);
}

const limits = { RATE_LIMIT_UPLOADS: '1000', RATE_LIMIT_REQUESTS: '100000' };

test('works with a cluster of three masters', async () => {
  const { settings } = await startCluster();
  const { url, output } = await startBoth({ ...settings, ...limits });
  await expectRoundTrip(url);
  expect(output()).not.toMatch(/CROSSSLOT|NOSCRIPT/);
});

test('works with a server that requires TLS, a user and a password', async () => {
  const { settings, authority } = await startTlsRedis();
  const { url } = await startBoth({ ...settings, ...limits, NODE_EXTRA_CA_CERTS: authority });
  await expectRoundTrip(url);
});

test('does not acknowledge a batch that too few replicas have', async () => {
  const { url } = await (await ownService({ REDIS_WAIT_REPLICAS: '1' })).startApi();
  const response = await post(url, [['a.jpg', image]]);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
});

test('loses no acknowledged batch when the Sentinel master is killed in the middle of 20 batches', async () => {
  const { settings, master, masterPort } = await startSentinels();
  const { url } = await startBoth({ ...settings, ...limits, REDIS_WAIT_REPLICAS: '1' });
  await expectRoundTrip(url);
  const accepted: string[] = [];
  let refused = 0;
  for (let batch = 0; batch < 20; batch += 1) {
    if (batch === 10) await master.kill();
    const key = `"${randomUUID()}"`;
    // Retry a refused upload with the same key, as a client should.
    const batchId = await until(async () => {
      const body = form([
        ['a.jpg', image],
        ['b.jpg', image],
      ]);
      const response = await fetch(`${url}/process-images`, {
        method: 'POST',
        headers: { 'Idempotency-Key': key },
        body,
      });
      if (response.status === 202) return ((await response.json()) as { batchId: string }).batchId;
      refused += 1;
      expect([409, 503]).toContain(response.status);
      return undefined;
    });
    accepted.push(batchId);
  }
  expect(await masterPort()).not.toBe(master.port);
  expect(refused).toBeGreaterThan(0);
  expect(new Set(accepted).size).toBe(20);
  for (const batchId of accepted) {
    expect(await batchEnd(url, batchId)).toMatchObject({ status: 'completed', progress: { total: 2 } });
  }
  await upload(url, ['c.jpg', image]);
}, 240_000);
