import { connect } from 'node:net';
import { listeningApp } from '../../support/app.ts';
import { multipart, uploadHead } from '../../support/raw.ts';
import { startRedis } from '../../support/redis.ts';

let app: Awaited<ReturnType<typeof listeningApp>>;

beforeAll(async () => {
  app = await listeningApp(await startRedis());
});

/** Sends a raw request with `Connection: close`, and returns the response. */
async function send(text: string): Promise<{ status: number; head: string; body: { code?: string; detail?: string } }> {
  const socket = connect(app.port, '127.0.0.1');
  socket.write(text);
  let response = '';
  for await (const chunk of socket.setEncoding('utf8')) response += chunk;
  const [head = '', body = ''] = response.split('\r\n\r\n');
  return { status: Number(head.slice(9, 12)), head, body: JSON.parse(body) };
}

const get = (lines: string, version = '1.1') =>
  send(`GET /healthz HTTP/${version}\r\n${lines}Connection: close\r\n\r\n`);

describe('the Content-Encoding of an upload', () => {
  const body = multipart(['a.jpg', 'no image']).toString();
  const post = (lines: string) =>
    send(`${uploadHead(`${lines}Content-Length: ${body.length}\r\nConnection: close`)}${body}`);

  test.each(['gzip', 'GZIP', 'br', 'deflate', 'identity, gzip', 'gzip, identity', 'nonsense'])(
    'is refused with 415: %s',
    async (coding) => {
      const { status, head, body } = await post(`Content-Encoding: ${coding}\r\n`);
      expect([status, body.code]).toEqual([415, 'CONTENT_ENCODING_UNSUPPORTED']);
      expect(body.detail).toContain(`"${coding}"`);
      expect(head).toMatch(/^Accept-Encoding: identity$/m);
    },
  );

  test.each(['identity', 'Identity', 'identity, identity', ''])(
    'is accepted when it changes nothing: %p',
    async (coding) => {
      const { body } = await post(`Content-Encoding: ${coding}\r\n`);
      expect(body.code).toBe('UNSUPPORTED_IMAGE_TYPE');
    },
  );

  test('is refused when it is split over two headers', async () => {
    const { body } = await post('Content-Encoding: identity\r\nContent-Encoding: gzip\r\n');
    expect(body.code).toBe('CONTENT_ENCODING_UNSUPPORTED');
  });
});

describe('the query parameters of a result', () => {
  const job = '/jobs/550e8400-e29b-41d4-a716-446655440000-0';
  const getResult = async (path: string) => {
    const response = await fetch(app.url + job + path);
    return (await response.json()) as { status: number; code: string; detail: string };
  };

  test.each([
    ['/result?varient=thumb', '"varient" is unknown'],
    ['/result?variant[]=thumb', '"variant[]" is unknown'],
    ['/result?variant[name]=thumb', '"variant[name]" is unknown'],
    ['/result?variant=a&variant=b', 'variant must be given once'],
    ['/result?variant=a&variant=a', 'variant must be given once'],
    ['/result?Variant=a', '"Variant" is unknown'],
    ['/result?download=yes', 'download must be 0 or 1'],
    ['/result?download=1&download=1', 'download must be 0 or 1, and given once'],
    ['/result?__proto__=x&toString', '"__proto__" is unknown; "toString" is unknown'],
    ['/original?variant=thumb', '"variant" is unknown'],
    ['/original?x=1&download=2', '"x" is unknown'],
  ])('are refused with 400 and their name: %s', async (path, words) => {
    const { status, code, detail } = await getResult(path);
    expect([status, code]).toEqual([400, 'INVALID_PARAMETER']);
    expect(detail).toContain(words);
    expect(detail).toContain(path.startsWith('/result') ? 'variant, download' : 'download');
  });

  test.each(['/result', '/result?', '/result?variant=a&download=1', '/result?variant=', '/original?download=0'])(
    'are accepted: %s',
    async (path) => {
      expect((await getResult(path)).code).toBe('JOB_NOT_FOUND');
    },
  );
});

describe('the Host header', () => {
  test.each([
    ['missing', '', 'no Host header'],
    ['sent twice', 'Host: x\r\nHost: x\r\n', '2 Host headers'],
    ['sent three times, with other values and spellings', 'Host: x\r\nhost: y\r\nHOST: z\r\n', '3 Host headers'],
    ['two names', 'Host: x y\r\n', '"x y"'],
    ['an address with a path', 'Host: x/path\r\n', '"x/path"'],
    ['a name with a user', 'Host: user@x\r\n', '"user@x"'],
    ['a port that is not a number', 'Host: x:port\r\n', '"x:port"'],
    ['an IPv6 address without its closing bracket', 'Host: [::1\r\n', '"[::1"'],
  ])('is refused with 400 when it is %s', async (_defect, lines, words) => {
    const { status, head, body } = await get(lines);
    expect([status, body.code]).toEqual([400, 'BAD_REQUEST']);
    expect(body.detail).toContain(words);
    expect(head).toContain('application/problem+json');
  });

  test.each(['x', 'x:3000', 'my_service.local:', '127.0.0.1:80', '[::1]', '[fe80::1%25eth0]:80', 'a%C3%A4.b', ''])(
    'is accepted as %p',
    async (host) => {
      expect((await get(`Host: ${host}\r\n`)).status).toBe(200);
    },
  );

  test('may be missing in HTTP/1.0', async () => {
    expect((await get('', '1.0')).status).toBe(200);
  });
});
