import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { listeningApp } from '../../support/app.ts';
import { form } from '../../support/client.ts';
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
    'a batch%s is there for whom it belongs to, and for nobody else',
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

  test.each(['', '/result', '/original'])('and so is a job%s', async (part) => {
    const get = async (init?: RequestInit) => (await fetch(`${url}/jobs/${batchId}-0${part}`, init)).status;
    expect([200, 409]).toContain(await get(as('key-of-alice')));
    expect(await get(as('key-of-bob'))).toBe(404);
    expect(await get()).toBe(401);
  });

  test('another cannot remove it, and once it is removed learns nothing of it', async () => {
    const remove = async (key: string) =>
      (await fetch(`${url}/batches/${batchId}`, { method: 'DELETE', ...as(key) })).status;
    expect(await remove('key-of-bob')).toBe(404);
    expect(await remove('key-of-alice')).toBe(204);
    expect(await remove('key-of-alice')).toBe(410);
    expect(await remove('key-of-bob')).toBe(404);
  });

  test.each(['/healthz', '/readyz', '/docs/', '/openapi.json', '/', '/page/page.js'])(
    '%s is open to all',
    async (path) => {
      expect((await fetch(`${url}${path}`)).status).toBe(200);
    },
  );

  test.each(['/presets', '/batches/x', '/jobs/x', '/nowhere'])('%s is not', async (path) => {
    const response = await fetch(`${url}${path}`);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await fetch(`${url}${path}`, as('key-of-bob'))).status).not.toBe(401);
  });

  test.each(['Bearer', 'Bearer ', 'Basic a2V5LW9mLWFsaWNl', 'Bearer key-of', `Bearer ${'x'.repeat(500)}`, '\u00e4'])(
    'Authorization: %p lets nobody in',
    async (value) => {
      expect((await fetch(`${url}/presets`, { headers: { Authorization: value } })).status).toBe(401);
    },
  );

  test('an upload without a key is turned away before it is read', async () => {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': '1000' };
    const asking = request(`${url}/process-images`, { method: 'POST', headers });
    asking.flushHeaders();
    const [response] = await once(asking, 'response');
    expect(response.statusCode).toBe(401);
    asking.destroy();
  });
});

test('a key in the address is refused with a hint, and no line of the log has it', async () => {
  const api = await startApi({ REDIS_URL: redis.url, API_KEYS, LOG_LEVEL: 'trace' });
  const secret = 'key-of-alice';
  for (const name of ['api_key', 'apikey', 'api-key', 'X-API-Key', 'key', 'token', 'access_token']) {
    const response = await fetch(`${api.url}/presets?${name}=${secret}`);
    expect(response.status).toBe(401);
    expect(((await response.json()) as { detail: string }).detail).toContain('takes none from the address');
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

test('npm run api-key makes a key and its hash', async () => {
  const output = execFileSync('npm', ['run', '--silent', 'api-key', '--', 'carol'], { encoding: 'utf8' });
  const [, key = ''] = /^ {2}(\S{43})$/m.exec(output) ?? [];
  const [, entry = ''] = /^ {2}(carol:[0-9a-f]{64})$/m.exec(output) ?? [];
  const { url } = await listeningApp(redis, { API_KEYS: entry });
  expect((await fetch(`${url}/presets`, as(key))).status).toBe(200);
});

describe('rate limits', () => {
  const statuses = async (count: number, ask: () => Promise<Response>) => {
    const answers: Response[] = [];
    for (let index = 0; index < count; index += 1) answers.push(await ask());
    return answers.map(({ status }) => status);
  };

  test('count all requests of a client at all APIs, and say how many are left', async () => {
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

  test('count uploads apart', async () => {
    const { url } = await listeningApp(redis, { RATE_LIMIT_UPLOADS: '2' });
    expect(await statuses(3, () => post(url))).toEqual([202, 202, 429]);
    expect((await fetch(`${url}/presets`)).status).toBe(200);
  });

  test('believe X-Forwarded-For only from as many proxies as there are', async () => {
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
    // What the client itself wrote before is not believed.
    expect((await from(proxied.url, '192.0.2.9, 192.0.2.2')).status).toBe(429);
    // A customer has a whole network of IPv6.
    expect((await from(proxied.url, '2001:db8::1')).status).toBe(200);
    expect((await from(proxied.url, '2001:db8::2')).status).toBe(429);
  });

  test('let requests pass when Redis is away, also from the start', async () => {
    const away = await startRedis({ started: false });
    const api = await startApi({ REDIS_URL: away.url, RATE_LIMIT_REQUESTS: '1' });
    const get = () => fetch(`${api.url}/presets`);
    expect(await statuses(3, get)).toEqual([200, 200, 200]);
    await away.restart();
    while ((await fetch(`${api.url}/readyz`)).status !== 200) await get();
    // Limits rest for a second after Redis did not answer one in time.
    await until(async () => (await get()).status === 429);
    away.process().kill('SIGSTOP');
    const ms = await quickest(1000, async () => expect(await statuses(1, get)).toEqual([200]), 1100);
    expect(ms).toBeLessThan(1000);
    away.process().kill('SIGCONT');
  });

  test('keep nobody waiting when Redis hangs: what needs it is refused within a second all the same', async () => {
    const hanging = await startRedis();
    const api = await startApi({ REDIS_URL: hanging.url, RATE_LIMIT_REQUESTS: '1000', RATE_LIMIT_UPLOADS: '1000' });
    expect((await post(api.url)).status).toBe(202);
    hanging.process().kill('SIGSTOP');
    // Limits rest for a second after Redis did not answer one in time, and they are what could keep it waiting.
    const ms = await quickest(1000, async () => expect((await post(api.url)).status).toBe(503), 1100);
    expect(ms).toBeLessThan(1000);
    hanging.process().kill('SIGCONT');
  });
});

describe('the password of the board', () => {
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
  const statuses = (count: number, ask: () => Promise<Response>) =>
    Promise.all(Array.from({ length: count }, async () => (await ask()).status));
  const times = (count: number, status: number) => Array(count).fill(status);

  /** Sends attempts of one address all at once. */
  async function pipelined(address: string, ...passwords: string[]): Promise<number[]> {
    const socket = await openSocket(url);
    let answers = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answers += text;
    });
    const head = `GET /admin/queues HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n`;
    socket.write(passwords.map((given) => `${head}Authorization: ${basic(given)}\r\n\r\n`).join(''));
    const received = () => [...answers.matchAll(/HTTP\/1.1 (\d+) /g)].map(([, status]) => Number(status));
    await until(() => received().length === passwords.length);
    socket.destroy();
    return received();
  }

  test('takes ten failed attempts a minute from an address, and then not even the right password', async () => {
    expect(await statuses(10, () => open('192.0.2.1', 'wrong'))).toEqual(times(10, 401));
    for (const given of ['wrong', password]) {
      const refused = await open('192.0.2.1', given);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(refused.headers.get('www-authenticate')).toBeNull();
      expect(await refused.json()).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    }
    expect((await open('192.0.2.2', password)).status).toBe(200);
  });

  test('counts neither right passwords nor requests without one', async () => {
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

  test('takes a hundred from all addresses together, and keeps those that had the right one before', async () => {
    ({ url } = await startApi({ REDIS_URL: redis.url, ...settings }));
    expect((await open('192.0.2.1', password)).status).toBe(200);
    for (let address = 1; address <= 10; address += 1) {
      // Attempts that are refused unseen must not count.
      const answers = await pipelined(`198.51.100.${address}`, ...Array(15).fill('wrong'));
      expect(answers).toEqual([...times(10, 401), ...times(5, 429)]);
    }
    expect((await open('203.0.113.1', 'wrong')).status).toBe(429);
    expect((await open('203.0.113.2', password)).status).toBe(429);
    expect((await open('192.0.2.1', 'wrong')).status).toBe(401);
    expect((await open('192.0.2.1', password)).status).toBe(200);
  });
});

test('pages of other origins may call only where that is configured', async () => {
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

test('an API without keys that others can reach says so at its start', async () => {
  const open = await startApi({ REDIS_URL: redis.url, HOST: '0.0.0.0' });
  // What it writes may arrive after it has said that it is ready.
  await until(() => open.output().includes('everybody who reaches this address can use the service'));
  const closed = await startApi({ REDIS_URL: redis.url, HOST: '0.0.0.0', API_KEYS });
  const local = await startApi({ REDIS_URL: redis.url });
  for (const api of [closed, local]) {
    await until(() => api.output().includes('api listens'));
    expect(api.output()).not.toContain('everybody');
  }
});
