import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { onCleanup, temporaryFolder } from '../../support/cleanup.ts';
import { batchEnd, form } from '../../support/client.ts';
import { jpeg } from '../../support/images.ts';
import { type TestProcess, until } from '../../support/processes.ts';
import { openSocket } from '../../support/raw.ts';
import { ownService } from '../../support/service.ts';

const MAX_FILE_BYTES = 200_000;
let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let image: Buffer;

beforeAll(async () => {
  service = await ownService({
    WORKER_CONCURRENCY: '1',
    MAX_FILE_BYTES: String(MAX_FILE_BYTES),
    REQUEST_TIMEOUT_SECONDS: '30',
  });
  [api, image] = await Promise.all([service.startApi(), jpeg(640, 480), service.startWorker()]);
});

/** Sends an image as the body. */
function send(query = '', headers: Record<string, string> = {}, body: Buffer = image): Promise<Response> {
  return fetch(`${api.url}/process-images${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'image/jpeg', ...headers },
    body: new Uint8Array(body),
  });
}

const bodyOf = async (response: Response) =>
  (await response.json()) as { batchId: string; code: string; detail: string };

async function nameOf(response: Response): Promise<string | undefined> {
  expect(response.status).toBe(202);
  return (await batchEnd(api.url, (await bodyOf(response)).batchId)).files[0]?.originalName;
}

test('curl sends an image as the body, with options in the address', async () => {
  const file = join(await temporaryFolder(), 'photo.jpg');
  await writeFile(file, image);
  const url = `${api.url}/process-images?width=300&format=webp&tags=one,two&name=photo.jpg`;
  const curl = ['-sS', '--data-binary', `@${file}`, '-H', 'Content-Type: image/jpeg', url];
  const { batchId } = JSON.parse((await promisify(execFile)('curl', curl)).stdout);
  const batch = await batchEnd(api.url, batchId);
  expect(batch).toMatchObject({ status: 'completed', tags: ['one', 'two'], files: [{ originalName: 'photo.jpg' }] });
  const result = await (await fetch(`${api.url}/jobs/${batchId}-0/result`)).arrayBuffer();
  expect(await sharp(Buffer.from(result)).metadata()).toMatchObject({ format: 'webp', width: 300 });
  const original = await (await fetch(`${api.url}/jobs/${batchId}-0/original`)).arrayBuffer();
  expect(Buffer.from(original).equals(image)).toBe(true);
});

test.each([
  ['the parameter name', '?name=a%20b.jpg', {}, 'a b.jpg'],
  ['the parameter before the header', '?name=a.jpg', { 'Content-Disposition': 'attachment; filename=b.jpg' }, 'a.jpg'],
  ['a quoted name', '', { 'Content-Disposition': 'attachment; filename="b c.jpg"' }, 'b c.jpg'],
  ['an encoded name', '', { 'Content-Disposition': "attachment; filename*=UTF-8''%E2%82%AC.jpg" }, '€.jpg'],
  ['a UTF-8 name', '', { 'Content-Disposition': Buffer.from('inline; filename="ü.jpg"').toString('latin1') }, 'ü.jpg'],
  ['no name', '', {}, 'image'],
  ['a broken header', '', { 'Content-Disposition': ';;="' }, 'image'],
  ['any media type, since the content decides', '', { 'Content-Type': 'application/octet-stream' }, 'image'],
])('takes %s', async (_case, query, headers, expected) => {
  expect(await nameOf(await send(query, headers))).toBe(expected);
});

test('takes a body without Content-Length, and one that waits for 100 Continue', async () => {
  const chunked = ['-sS', '--data-binary', '@-', '-H', 'Content-Type: image/jpeg'];
  for (const header of ['Transfer-Encoding: chunked', 'Expect: 100-continue']) {
    const curl = execFile('curl', [...chunked, '-H', header, `${api.url}/process-images`]);
    let output = '';
    curl.stdout?.on('data', (text) => {
      output += text;
    });
    curl.stdin?.end(image);
    await once(curl, 'close');
    expect(JSON.parse(output)).toMatchObject({ totalFiles: 1 });
  }
});

test('repeats its response under the same Idempotency-Key, and refuses another image or name', async () => {
  const headers = { 'Idempotency-Key': 'raw' };
  const { batchId } = await bodyOf(await send('?name=a.jpg', headers));
  const again = await send('?name=a.jpg', headers);
  expect(again.headers.get('Idempotent-Replayed')).toBe('true');
  expect((await bodyOf(again)).batchId).toBe(batchId);
  expect(await bodyOf(await send('?name=b.jpg', headers))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  expect(await bodyOf(await send('?name=a.jpg&width=9', headers))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  const other = await jpeg(32, 32);
  expect(await bodyOf(await send('?name=a.jpg', headers, other))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('takes options in the address of a form as well, each option once', async () => {
  const post = (query: string) => {
    const body = form([['a.jpg', image]]);
    body.append('width', '20');
    return fetch(`${api.url}/process-images${query}`, { method: 'POST', body });
  };
  expect((await post('?format=png')).status).toBe(202);
  expect(await bodyOf(await post('?width=30'))).toMatchObject({
    code: 'INVALID_OPTION',
    detail: expect.stringMatching('width'),
  });
  expect(await bodyOf(await post('?name=b.jpg'))).toMatchObject({ code: 'INVALID_PARAMETER' });
});

describe('refuses, and keeps nothing of,', () => {
  afterEach(async () => {
    await until(async () => (await readdir(service.uploadDir)).every((name) => !name.endsWith('.unfinished')));
  });

  test.each([
    ['an empty body', '', {}, Buffer.alloc(0), 400, 'EMPTY_FILE'],
    ['a text', '', {}, Buffer.from('text'), 415, 'UNSUPPORTED_IMAGE_TYPE'],
    ['an unknown option', '?widht=3', {}, undefined, 400, 'INVALID_PARAMETER'],
    ['an invalid option', '?width=0', {}, undefined, 400, 'INVALID_OPTION'],
    ['a repeated option', '?width=1&width=2', {}, undefined, 400, 'INVALID_OPTION'],
    ['a compressed body', '', { 'Content-Encoding': 'gzip' }, undefined, 415, 'CONTENT_ENCODING_UNSUPPORTED'],
    ['a large image', '', {}, Buffer.alloc(MAX_FILE_BYTES + 1), 413, 'FILE_TOO_LARGE'],
    ['a body of another type', '', { 'Content-Type': 'text/plain' }, undefined, 415, 'MULTIPART_REQUIRED'],
  ] as const)('%s', async (_case, query, headers, body, status, code) => {
    const response = await send(query, headers, body);
    expect(await bodyOf(response)).toMatchObject({ status, code });
  });

  test('an image that turns out to be too large while it streams', async () => {
    const socket = await openSocket(api.url);
    let response = '';
    socket.on('data', (data) => {
      response += data;
    });
    socket.write(
      'POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')]);
    onCleanup(() => socket.destroy());
    while (!response.includes('FILE_TOO_LARGE')) {
      socket.write(chunk);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(response).toMatch(/^HTTP\/1\.1 413/);
  });

  test('an image whose client hangs up', async () => {
    const socket = await openSocket(api.url);
    socket.write(
      `POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nx`,
    );
    await until(async () => (await readdir(service.uploadDir)).some((name) => name.endsWith('.unfinished')));
    socket.destroy();
  });

  test('an image of which nothing arrives for 15 seconds', async () => {
    const socket = await openSocket(api.url);
    socket.write(
      `POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nx`,
    );
    expect(String(await once(socket, 'data'))).toMatch('REQUEST_TIMEOUT');
  });
});
