import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { parseRanges } from '../../src/network/allowed-address.ts';
import { FetchError, fetchFile, isListedHost } from '../../src/network/fetch-file.ts';
import { createGuardedClient, type GuardedClient } from '../../src/network/guarded-client.ts';
import { refused } from '../support/addresses.ts';
import { listen } from '../support/listen.ts';

/** The only address that is allowed. All others of the table are not, also those of this machine. */
const ADDRESS = '127.9.9.9';
const client: GuardedClient = createGuardedClient({ allowed: parseRanges([`${ADDRESS}/32`]) });
let origin: string;
/** Paths that the server received. */
let received: string[];

beforeAll(async () => {
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', origin);
    received.push(pathname);
    const to = searchParams.get('to');
    if (to !== null) return void res.writeHead(Number(searchParams.get('status') ?? 302), { Location: to }).end();
    const [, kind, value = ''] = pathname.split('/');
    if (kind === 'status') return void res.writeHead(Number(value), { 'Retry-After': '7' }).end('the body');
    if (kind === 'reset') return void res.destroy();
    if (kind === 'endless') {
      const sending = setInterval(() => res.write(Buffer.alloc(1000)), 1);
      return void res.on('close', () => clearInterval(sending));
    }
    if (kind === 'never') return;
    if (kind === 'declared') return void res.writeHead(200, { 'Content-Length': value }).write('x');
    res.end(JSON.stringify(req.headers));
  });
  origin = `http://${ADDRESS}:${await listen(server, ADDRESS)}`;
});
beforeEach(() => {
  received = [];
});
afterAll(() => client.close());

async function fetchAll(url: string, limits: { hosts?: string[]; maxBytes?: number; timeoutMs?: number } = {}) {
  const { signal } = new AbortController();
  const all = { hosts: ['*'], maxBytes: 10_000, timeoutMs: 20_000, signal, ...limits };
  return buffer(await fetchFile(client, url, all));
}

/** Expects a failure. Returns the error. */
async function failureOf(url: string, limits?: Parameters<typeof fetchAll>[1]): Promise<FetchError> {
  const error = await fetchAll(url, limits).catch((cause) => cause);
  expect(error).toBeInstanceOf(FetchError);
  return error;
}

test.each(refused)('neither fetches from %s nor follows a redirect to it', async (host) => {
  const { port } = new URL(origin);
  expect((await failureOf(`http://${host}:${port}/`)).failure.code).toBe('IMPORT_NOT_ALLOWED');
  expect(received).toEqual([]);
  const { failure, isTemporary } = await failureOf(
    `${origin}/?to=${encodeURIComponent(`http://${host}:${port}/secret`)}`,
  );
  expect([failure.code, isTemporary]).toEqual(['IMPORT_NOT_ALLOWED', false]);
  expect(received).toEqual(['/']);
});

test('sends no header that a client chose', async () => {
  const headers = JSON.parse(String(await fetchAll(`${origin}/file`)));
  expect(Object.keys(headers).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
});

test('follows three redirects, and no fourth', async () => {
  const through = (count: number): string =>
    count === 0 ? `${origin}/file` : `${origin}/?to=${encodeURIComponent(through(count - 1))}`;
  expect(String(await fetchAll(through(3)))).toContain('user-agent');
  expect((await failureOf(through(4))).failure).toMatchObject({
    code: 'IMPORT_FAILED',
    message: expect.stringMatching('3'),
  });
  expect(String(await fetchAll(`${origin}/?status=308&to=/relative`))).toContain('user-agent');
});

test.each(['file:///etc/passwd', 'ftp://example.com/', 'gopher://127.0.0.1:6379/'])(
  'follows no redirect to %s',
  async (to) => {
    expect((await failureOf(`${origin}/?to=${encodeURIComponent(to)}`)).failure.code).toBe('IMPORT_NOT_ALLOWED');
  },
);

test('checks each host, also that of a redirect, against the list', async () => {
  const hosts = [ADDRESS];
  expect((await failureOf(`http://example.com/`, { hosts })).failure.code).toBe('IMPORT_NOT_ALLOWED');
  const redirect = `${origin}/?to=${encodeURIComponent('http://example.com/')}`;
  expect((await failureOf(redirect, { hosts })).failure.message).toContain('example.com');
});

test.each([
  ['example.com', ['example.com'], true],
  ['a.example.com', ['example.com'], false],
  ['a.example.com', ['*.example.com'], true],
  ['a.b.example.com', ['other.com', '*.example.com'], true],
  ['example.com', ['*.example.com'], false],
  ['badexample.com', ['*.example.com'], false],
  ['example.com.evil.com', ['*.example.com', 'example.com'], false],
  ['anything', ['*'], true],
  ['anything', [], false],
])('host %s in the list %j: %s', (host, hosts, isListed) => {
  expect(isListedHost(host, hosts)).toBe(isListed);
});

test.each([
  [404, false],
  [403, false],
  [206, false],
  [304, false],
  [429, true],
  [408, true],
  [500, true],
  [503, true],
])('status %i fails with the status; another attempt may help: %s', async (status, isTemporary) => {
  const error = await failureOf(`${origin}/status/${status}`);
  expect(error.failure).toMatchObject({ code: 'IMPORT_FAILED', message: expect.stringMatching(`status ${status}$`) });
  expect(error).toMatchObject({ isTemporary, retryAfterMs: 7000 });
});

test('cuts off a file that is too large, whatever was declared', async () => {
  expect((await failureOf(`${origin}/declared/10001`)).failure.code).toBe('IMPORT_TOO_LARGE');
  expect((await failureOf(`${origin}/endless`)).failure).toMatchObject({ code: 'IMPORT_TOO_LARGE' });
});

test('reports timeouts and broken connections as temporary, and never the whole URL', async () => {
  const slow = await failureOf(`${origin}/never?token=secret`, { timeoutMs: 200 });
  expect(slow).toMatchObject({ isTemporary: true, failure: { code: 'IMPORT_TIMEOUT' } });
  const stopped = await failureOf(`${origin}/declared/5000?token=secret`, { timeoutMs: 500 });
  expect(stopped).toMatchObject({ isTemporary: true, failure: { code: 'IMPORT_TIMEOUT' } });
  const reset = await failureOf(`${origin}/reset?token=secret`);
  expect(reset).toMatchObject({ isTemporary: true, failure: { code: 'IMPORT_FAILED' } });
  expect([slow, stopped, reset].map(({ message }) => message).join()).not.toContain('secret');
});
