import { createHash } from 'node:crypto';
import { listeningApp } from '../../support/app.ts';
import { form } from '../../support/client.ts';
import { jpeg } from '../../support/images.ts';
import { until } from '../../support/processes.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

const API_KEYS = ['alice', 'bob']
  .map((name) => `${name}:${createHash('sha256').update(`key-of-${name}`).digest('hex')}`)
  .join(',');
const as = (name: string, headers = {}) => ({ headers: { 'X-API-Key': `key-of-${name}`, ...headers } });

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});

test('limits the streams and waits of a client: refuses further streams with 429, ends further waits at once', async () => {
  const { url } = await listeningApp(redis, { API_KEYS, MAX_HELD_REQUESTS: '2' });
  const uploadAs = async (name: string, headers = {}) => {
    const body = form([['a.jpg', await jpeg(32, 32)]]);
    const response = await fetch(`${url}/process-images`, { method: 'POST', body, ...as(name, headers) });
    expect(response.status).toBe(202);
    return response;
  };
  const { batchId } = (await (await uploadAs('alice')).json()) as { batchId: string };
  const stream = () => fetch(`${url}/batches/${batchId}/events`, as('alice'));
  const held = [await stream(), await stream()];
  expect(held.map(({ status }) => status)).toEqual([200, 200]);

  const refused = await stream();
  expect(refused.status).toBe(429);
  expect(refused.headers.get('Retry-After')).toBe('1');
  expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_STREAMS' });
  const wait = { Prefer: 'wait=60' };
  for (const path of [`/batches/${batchId}`, `/jobs/${batchId}-0`]) {
    const response = await fetch(url + path, as('alice', wait));
    expect([response.status, response.headers.get('Preference-Applied')]).toEqual([200, null]);
  }
  expect((await uploadAs('alice', wait)).headers.get('Preference-Applied')).toBeNull();
  expect((await fetch(`${url}/batches/${batchId}/events`, { ...as('alice'), method: 'HEAD' })).status).toBe(200);

  const { batchId: other } = (await (await uploadAs('bob')).json()) as { batchId: string };
  const others = await fetch(`${url}/batches/${other}/events`, as('bob'));
  expect(others.status).toBe(200);
  await others.body?.cancel();

  await held[0]?.body?.cancel();
  const next = await until(async () => {
    const response = await stream();
    return response.status === 200 && response;
  });
  await next.body?.cancel();
  await held[1]?.body?.cancel();
});
