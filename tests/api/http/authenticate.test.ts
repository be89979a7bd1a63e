import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { listeningApp } from '../../support/app.ts';
import { form } from '../../support/client.ts';
import { defaultRedisTimeout } from '../../support/environment.ts';
import { jpeg } from '../../support/images.ts';
import { quickest, startApi, until } from '../../support/processes.ts';
import { openSocket } from '../../support/raw.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

let redis: TestRedis;
let image: Buffer;

beforeAll(async () => {
  redis = await startRedis();
  image = await jpeg(32, 32);
});

const hashed = (key: string) => createHash('sha256').update(key).digest('hex');
const API_KEYS = `alice:${hashed('key-of-alice')},bob:${hashed('key-of-bob')},alice:${hashed('second-key-of-alice')}`;
const as = (key: string): RequestInit => ({ headers: { Authorization: `Bearer ${key}` } });
const post = (url: string, init: RequestInit = {}) =>
  fetch(`${url}/process-images`, { ...init, method: 'POST', body: form([['a.jpg', image]]) });

describe('with API keys', () => {
  let url: string;
  let batchId: string;
  beforeAll(async () => {
    url = (await listeningApp(redis, { API_KEYS })).url;
    const response = await post(url, as('key-of-alice'));
    expect(response.status).toBe(202);
    batchId = ((await response.json()) as { batchId: string }).batchId;
  });

  test.each(['', '/archive', '/events'])(
    "serves /batches/:batchId%s to the batch's owner only: 404 for another client, 401 without a valid key",
    async (part) => {
      const get = async (init?: RequestInit) => {
        const response = await fetch(`${url}/batches/${batchId}${part}`, init);
        await response.body?.cancel();
        return response.status;
      };
      expect([200, 409]).toContain(await get(as('key-of-alice')));
      expect([200, 409]).toContain(await get(as('second-key-of-alice')));
      expect([200, 409]).toContain(await get({ headers: { 'X-API-Key': 'key-of-alice' } }));
      expect(await get(as('key-of-bob'))).toBe(404);
      expect(await get(as('key-of-nobody'))).toBe(401);
      expect(await get()).toBe(401);
    },
  );

  test.each(['', '/result', '/original'])("serves /jobs/:jobId%s to the batch's owner only", async (part) => {
    const get = async (init?: RequestInit) => (await fetch(`${url}/jobs/${batchId}-0${part}`, init)).status;
    expect([200, 409]).toContain(await get(as('key-of-alice')));
    expect(await get(as('key-of-bob'))).toBe(404);
    expect(await get()).toBe(401);
  });

  test('responds 404 to another client that deletes the batch, before and after its deletion', async () => {
    const deleteBatch = async (key: string) =>
      (await fetch(`${url}/batches/${batchId}`, { method: 'DELETE', ...as(key) })).status;
    expect(await deleteBatch('key-of-bob')).toBe(404);
    expect(await deleteBatch('key-of-alice')).toBe(204);
    expect(await deleteBatch('key-of-alice')).toBe(410);
    expect(await deleteBatch('key-of-bob')).toBe(404);
  });

  test.each(['/healthz', '/readyz', '/docs/', '/openapi.json', '/', '/page/page.js'])(
    'serves %s without a key',
    async (path) => {
      expect((await fetch(`${url}${path}`)).status).toBe(200);
    },
  );

  test.each(['/presets', '/batches/x', '/jobs/x', '/nowhere'])('returns 401 for %s without a key', async (path) => {
    const response = await fetch(`${url}${path}`);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await fetch(`${url}${path}`, as('key-of-bob'))).status).not.toBe(401);
  });

  test.each(['Bearer', 'Bearer ', 'Basic a2V5LW9mLWFsaWNl', 'Bearer key-of', `Bearer ${'x'.repeat(500)}`, '\u00e4'])(
    'returns 401 for the Authorization header %p',
    async (value) => {
      expect((await fetch(`${url}/presets`, { headers: { Authorization: value } })).status).toBe(401);
    },
  );

  test('returns 401 to an upload without a key before its body is sent', async () => {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': '1000' };
    const upload = request(`${url}/process-images`, { method: 'POST', headers });
    upload.flushHeaders();
    const [response] = await once(upload, 'response');
    expect(response.statusCode).toBe(401);
    upload.destroy();
  });
});

test('refuses a key in the URL with a hint, and never logs it', async () => {
  const api = await startApi({ REDIS_URL: redis.url, API_KEYS, LOG_LEVEL: 'trace' });
  const secret = 'key-of-alice';
  for (const name of ['api_key', 'apikey', 'api-key', 'X-API-Key', 'key', 'token', 'access_token']) {
    const response = await fetch(`${api.url}/presets?${name}=${secret}`);
    expect(response.status).toBe(401);
    expect(((await response.json()) as { detail: string }).detail).toContain('accepts none in the address');
  }
  for (const [path, status] of [
    ['/presets', 200],
    ['/nowhere', 404],
    ['/batches/x', 404],
    ['/batches/%E0%A4%A', 400],
    ['/healthz', 200],
    ['/docs', 301],
    ['/page/page.js', 200],
  ] as const) {
    const headers = { ...as(secret).headers, Referer: `${api.url}/?key=${secret}` };
    const response = await fetch(`${api.url}${path}?some=${secret}&other`, { headers, redirect: 'manual' });
    await response.body?.cancel();
    expect([path, response.status]).toEqual([path, status]);
  }
  const socket = await openSocket(api.url);
  for (const target of [`http://x:${secret}@x/absolute?key=${secret}`, `/twice?a=b?key=${secret}`, `/hash#${secret}`])
    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  for (const path of [
    '/presets',
    '/nowhere',
    '/batches/x',
    '/healthz',
    '/docs',
    '/page/page.js',
    '/absolute',
    '/twice',
  ])
    await until(() => api.output().includes(`"url":"${path}"`));
  await until(() => api.output().includes('"url":"/hash'));
  expect(api.output()).not.toContain(secret);
  socket.destroy();
});

test('npm run api-key creates a key and its hash', async () => {
  const output = execFileSync('npm', ['run', '--silent', 'api-key', '--', 'carol'], { encoding: 'utf8' });
  const [, key = ''] = /^ {2}(\S{43})$/m.exec(output) ?? [];
  const [, entry = ''] = /^ {2}(carol:[0-9a-f]{64})$/m.exec(output) ?? [];
  const { url } = await listeningApp(redis, { API_KEYS: entry });
  expect((await fetch(`${url}/presets`, as(key))).status).toBe(200);
});

describe('rate limits', () => {
  const statuses = async (count: number, send: () => Promise<Response>) => {
    const responses: Response[] = [];
    for (let index = 0; index < count; index += 1) responses.push(await send());
    return responses.map(({ status }) => status);
  };

  test('count the requests of a client across all APIs, and report the remaining requests', async () => {
    const settings = { API_KEYS, RATE_LIMIT_REQUESTS: '4' };
    const [one, other] = [await listeningApp(redis, settings), await listeningApp(redis, settings)];
    const get = (url: string, key: string) => fetch(`${url}/presets`, as(key));
    const first = await get(one.url, 'key-of-alice');
    expect(first.headers.get('ratelimit-policy')).toMatch(/^"requests"; q=4; w=60/);
    expect(first.headers.get('ratelimit')).toMatch(/^"requests"; r=3; t=\d+/);
    expect(await statuses(2, () => get(other.url, 'key-of-alice'))).toEqual([200, 200]);
    expect(await statuses(2, () => get(one.url, 'second-key-of-alice'))).toEqual([200, 429]);
    expect(await statuses(1, () => get(one.url, 'key-of-bob'))).toEqual([200]);
    const refused = await get(other.url, 'key-of-alice');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect((await fetch(`${one.url}/healthz`)).status).toBe(200);
  });

  test('count uploads separately', async () => {
    const { url } = await listeningApp(redis, { RATE_LIMIT_UPLOADS: '2' });
    expect(await statuses(3, () => post(url))).toEqual([202, 202, 429]);
    expect((await fetch(`${url}/presets`)).status).toBe(200);
  });

  test('trust X-Forwarded-For only from the configured number of proxies', async () => {
    const from = (url: string, address: string) => fetch(`${url}/presets`, { headers: { 'X-Forwarded-For': address } });
    const direct = await listeningApp(redis, { RATE_LIMIT_REQUESTS: '1', QUEUE_PREFIX: '{direct}' });
    expect((await from(direct.url, '192.0.2.1')).status).toBe(200);
    expect((await from(direct.url, '192.0.2.2')).status).toBe(429);
    const proxied = await listeningApp(redis, {
      RATE_LIMIT_REQUESTS: '1',
      QUEUE_PREFIX: '{proxied}',
      TRUST_PROXY: '1',
    });
    expect((await from(proxied.url, '192.0.2.1')).status).toBe(200);
    expect((await from(proxied.url, '192.0.2.2')).status).toBe(200);
    // An address that the client itself has written is not trusted.
    expect((await from(proxied.url, '192.0.2.9, 192.0.2.2')).status).toBe(429);
    // Clients are limited per IPv6 network, since a customer has a whole network.
    expect((await from(proxied.url, '2001:db8::1')).status).toBe(200);
    expect((await from(proxied.url, '2001:db8::2')).status).toBe(429);
  });

  test('let requests pass while Redis is unavailable, also at the start of the API', async () => {
    const unavailable = await startRedis({ started: false });
    const api = await startApi({ REDIS_URL: unavailable.url, RATE_LIMIT_REQUESTS: '1', ...defaultRedisTimeout });
    const get = () => fetch(`${api.url}/presets`);
    expect(await statuses(3, get)).toEqual([200, 200, 200]);
    await unavailable.restart();
    while ((await fetch(`${api.url}/readyz`)).status !== 200) await get();
    // After a Redis timeout the rate limits are suspended for a second.
    await until(async () => (await get()).status === 429);
    unavailable.process().kill('SIGSTOP');
    const ms = await quickest(1000, async () => expect(await statuses(1, get)).toEqual([200]), 1100);
    expect(ms).toBeLessThan(1000);
    unavailable.process().kill('SIGCONT');
  });

  test('do not delay the 503 of an upload beyond a second while Redis hangs', async () => {
    const hanging = await startRedis();
    const api = await startApi({
      REDIS_URL: hanging.url,
      RATE_LIMIT_REQUESTS: '1000',
      RATE_LIMIT_UPLOADS: '1000',
      ...defaultRedisTimeout,
    });
    expect((await post(api.url)).status).toBe(202);
    hanging.process().kill('SIGSTOP');
    // After a Redis timeout the rate limits are suspended for a second. Wait longer than that, so that each try meets them.
    const ms = await quickest(1000, async () => expect((await post(api.url)).status).toBe(503), 1100);
    expect(ms).toBeLessThan(1000);
    hanging.process().kill('SIGCONT');
  });
});

describe('the Bull Board password', () => {
  const password = 'a long enough word';
  const settings = { ADMIN_PASSWORD: password, TRUST_PROXY: '1', RATE_LIMIT_REQUESTS: '0', API_KEYS };
  let url: string;
  beforeAll(async () => {
    ({ url } = await startApi({ REDIS_URL: redis.url, ...settings }));
  });

  const basic = (given: string) => `Basic ${btoa(`anyone:${given}`)}`;
  const open = (address: string, given?: string, headers = {}) => {
    const authorization = given !== undefined && { Authorization: basic(given) };
    return fetch(`${url}/admin/queues`, { headers: { 'X-Forwarded-For': address, ...authorization, ...headers } });
  };
  const statuses = (count: number, send: () => Promise<Response>) =>
    Promise.all(Array.from({ length: count }, async () => (await send()).status));
  const times = (count: number, status: number) => Array(count).fill(status);

  /** Sends attempts from one address at once, pipelined on one connection. */
  async function pipelined(address: string, ...passwords: string[]): Promise<number[]> {
    const socket = await openSocket(url);
    let responses = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      responses += text;
    });
    const head = `GET /admin/queues HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n`;
    socket.write(passwords.map((given) => `${head}Authorization: ${basic(given)}\r\n\r\n`).join(''));
    const received = () => [...responses.matchAll(/HTTP\/1.1 (\d+) /g)].map(([, status]) => Number(status));
    await until(() => received().length === passwords.length);
    socket.destroy();
    return received();
  }

  test('allows ten failed attempts per minute and address, then refuses even the right password with 429', async () => {
    expect(await statuses(10, () => open('192.0.2.1', 'wrong'))).toEqual(times(10, 401));
    for (const given of ['wrong', password]) {
      const refused = await open('192.0.2.1', given);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(refused.headers.get('www-authenticate')).toBeNull();
      expect(await refused.json()).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    }
    expect((await open('192.0.2.2', password)).status).toBe(200);
  });

  test('does not count right passwords or requests without a password', async () => {
    expect(await statuses(30, () => open('192.0.2.3'))).toEqual(times(30, 401));
    expect(await statuses(30, () => open('192.0.2.3', password))).toEqual(times(30, 200));
    expect(await statuses(9, () => open('192.0.2.3', 'wrong'))).toEqual(times(9, 401));
    expect((await open('192.0.2.3', password)).status).toBe(200);
  });

  test('is not found by guesses that are sent at once', async () => {
    const answers = await pipelined('192.0.2.4', ...Array(20).fill('wrong'), password);
    expect(answers).toEqual([...times(10, 401), ...times(11, 429)]);
  });

  test('is counted by address, whatever API key comes with it', async () => {
    const guess = (key: string) => open('192.0.2.5', 'wrong', { 'X-API-Key': key });
    expect(await statuses(10, () => guess('key-of-alice'))).toEqual(times(10, 401));
    expect((await guess('key-of-bob')).status).toBe(429);
  });

  test('allows a hundred failed attempts from all addresses together, except from addresses that have logged in before', async () => {
    ({ url } = await startApi({ REDIS_URL: redis.url, ...settings }));
    expect((await open('192.0.2.1', password)).status).toBe(200);
    for (let address = 1; address <= 10; address += 1) {
      // Attempts that are refused with 429 must not count.
      const responses = await pipelined(`198.51.100.${address}`, ...Array(15).fill('wrong'));
      expect(responses).toEqual([...times(10, 401), ...times(5, 429)]);
    }
    expect((await open('203.0.113.1', 'wrong')).status).toBe(429);
    expect((await open('203.0.113.2', password)).status).toBe(429);
    expect((await open('192.0.2.1', 'wrong')).status).toBe(401);
    expect((await open('192.0.2.1', password)).status).toBe(200);
  });
});

test('allows requests from other origins only if CORS_ORIGINS contains them', async () => {
  const get = (url: string, method = 'GET') =>
    fetch(`${url}/presets`, {
      method,
      headers: { Origin: 'https://example.com', 'Access-Control-Request-Method': 'DELETE' },
    });
  const none = await listeningApp(redis);
  expect((await get(none.url)).headers.get('access-control-allow-origin')).toBeNull();
  const some = await listeningApp(redis, { CORS_ORIGINS: 'https://example.com,https://example.org', API_KEYS });
  const preflight = await get(some.url, 'OPTIONS');
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
    204,
    'https://example.com',
  ]);
  expect(preflight.headers.get('access-control-allow-methods')).toContain('DELETE');
  expect((await get(some.url)).headers.get('access-control-expose-headers')).toContain('Location');
  const other = await listeningApp(redis, { CORS_ORIGINS: 'https://example.org' });
  expect((await get(other.url)).headers.get('access-control-allow-origin')).toBeNull();
});

test('warns at its start when the API has no keys and is reachable from other machines', async () => {
  const open = await startApi({ REDIS_URL: redis.url, HOST: '0.0.0.0' });
  // The log line may arrive after the process has reported that it is ready.
  await until(() => open.output().includes('anyone who reaches this address can use the service'));
  const closed = await startApi({ REDIS_URL: redis.url, HOST: '0.0.0.0', API_KEYS });
  const local = await startApi({ REDIS_URL: redis.url });
  for (const api of [closed, local]) {
    await until(() => api.output().includes('api listens'));
    expect(api.output()).not.toContain('anyone who reaches this address');
  }
});
