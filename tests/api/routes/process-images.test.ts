import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Problem } from '../../../src/api/http/problem.ts';
import type { AcceptedBatch } from '../../../src/api/routes/accepted-batch.ts';
import { optionDescriptions } from '../../../src/imaging/options.ts';
import { listeningApp } from '../../support/app.ts';
import { onCleanup } from '../../support/cleanup.ts';
import { type File, form, post, readBatch, upload } from '../../support/client.ts';
import { jpeg, png, testImage, truncatedJpeg } from '../../support/images.ts';
import { until } from '../../support/processes.ts';
import { multipart } from '../../support/raw.ts';
import { startRedis } from '../../support/redis.ts';

const MEBIBYTE = 1024 * 1024;
let app: Awaited<ReturnType<typeof listeningApp>>;
let admin: Redis;
let small: Buffer;

beforeAll(async () => {
  const redis = await startRedis();
  app = await listeningApp(redis);
  admin = new Redis(redis.url);
  onCleanup(() => admin.disconnect());
  small = await jpeg(32, 32);
});

const jobKeys = () => admin.keys('{images}:*:*-*');

/** Expects a refusal that leaves no files and no jobs. */
async function expectRefusal(response: Response, status: number, code: string, ...words: string[]) {
  const body = (await response.json()) as Problem;
  expect(body).toEqual({ type: 'about:blank', title: expect.any(String), status, code, detail: expect.any(String) });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  for (const word of words) expect(body.detail).toContain(word);
  expect(await readdir(app.uploadDir)).toEqual([]);
  expect(await jobKeys()).toEqual([]);
}

describe('refuses the whole upload', () => {
  afterEach(async () => {
    // After an aborted upload the cleanup may still be running.
    await until(async () => (await readdir(app.uploadDir)).length === 0);
    expect(await jobKeys()).toEqual([]);
  });

  test('with a body of another type', async () => {
    const send = (type: string) =>
      fetch(`${app.url}/process-images`, { method: 'POST', body: '{}', headers: { 'Content-Type': type } });
    await expectRefusal(await send('text/plain'), 415, 'MULTIPART_REQUIRED', 'multipart/form-data', 'images');
    await expectRefusal(await send('application/json'), 403, 'IMPORTS_DISABLED', 'IMPORT_HOSTS');
    await expectRefusal(await fetch(`${app.url}/process-images`, { method: 'POST' }), 415, 'MULTIPART_REQUIRED');
  });

  test('without a file', async () => {
    await expectRefusal(await post(app.url, []), 400, 'FILE_REQUIRED', 'images');
    await expectRefusal(await post(app.url, [['', '']]), 400, 'FILE_REQUIRED');
  });

  test('with an unknown field, of a file or of text', async () => {
    await expectRefusal(
      await post(app.url, [['a.jpg', small]], 'photo'),
      400,
      'UNEXPECTED_FIELD',
      '"photo"',
      '"images"',
    );
    const text = new FormData();
    text.append('images', new Blob([new Uint8Array(small)]), 'a.jpg');
    text.append('colour', 'red');
    const response = await fetch(`${app.url}/process-images`, { method: 'POST', body: text });
    await expectRefusal(response, 400, 'UNEXPECTED_FIELD', '"colour"');
  });

  test('with a lone surrogate in the name of an option, and replaces it in the detail', async () => {
    const body = form([['a.jpg', small]]);
    body.append('variants', String.raw`[{"name":"a","\ud83d":1}]`);
    const response = await fetch(`${app.url}/process-images`, { method: 'POST', body });
    await expectRefusal(response, 400, 'INVALID_OPTION', 'variants[0].\ufffd is unknown');
  });

  test('with a path instead of a file', async () => {
    const body = new FormData();
    body.append('images', 'photo.jpg');
    const response = await fetch(`${app.url}/process-images`, { method: 'POST', body });
    await expectRefusal(response, 400, 'UNEXPECTED_FIELD', '@');
  });

  test('with too many files', async () => {
    const files = Array.from({ length: 11 }, (_, index): File => [`${index}.jpg`, small]);
    await expectRefusal(await post(app.url, files), 400, 'TOO_MANY_FILES', '10');
  });

  test('with a file that is one byte too large', async () => {
    const exact = Buffer.concat([small, Buffer.alloc(5 * MEBIBYTE - small.length)]);
    const files: File[] = [
      ['ok.jpg', small],
      ['huge.jpg', Buffer.concat([exact, Buffer.alloc(1)])],
    ];
    await expectRefusal(await post(app.url, files), 413, 'FILE_TOO_LARGE', '"huge.jpg"', '5 MiB');
  });

  test('with an empty file', async () => {
    await expectRefusal(
      await post(app.url, [
        ['a.jpg', small],
        ['empty.jpg', ''],
      ]),
      400,
      'EMPTY_FILE',
      '"empty.jpg"',
    );
  });

  test('with files that are not images, whatever their names, and lists all of them', async () => {
    const files: File[] = [
      ['notes.jpg', 'just text'],
      ['ok.jpg', small],
      ['page.png', '<html></html>'],
    ];
    await expectRefusal(await post(app.url, files), 415, 'UNSUPPORTED_IMAGE_TYPE', '"notes.jpg"', '"page.png"', 'JPEG');
    const tiff = await testImage().tiff().toBuffer();
    await expectRefusal(await post(app.url, [['scan.tiff', tiff]]), 415, 'UNSUPPORTED_IMAGE_TYPE', '"scan.tiff"');
  });

  test('with a form that is truncated, has no boundary, or is not multipart', async () => {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
    const cut = '--x\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\nabc';
    for (const [contentType, body] of [
      [headers['Content-Type'], cut],
      ['multipart/form-data', cut],
      [headers['Content-Type'], 'plain text'],
    ] as const) {
      const response = await fetch(`${app.url}/process-images`, {
        method: 'POST',
        headers: { 'Content-Type': contentType },
        body,
      });
      await expectRefusal(response, 400, 'MALFORMED_MULTIPART', 'form');
    }
  });

  test.each([
    [
      'a part without a file name',
      'Content-Disposition: form-data; name="evil"\r\nContent-Type: application/octet-stream',
    ],
    ['a part without a disposition', 'Content-Type: image/jpeg'],
    ['a part whose disposition is malformed', 'Content-Disposition: form-data; name="images"; filename="b" "c.jpg"'],
    ['a part that is not form data', 'Content-Disposition: attachment; name="images"; filename="b.jpg"'],
  ])('with %s, instead of ignoring that part', async (_, headers) => {
    const body = (first: string) =>
      Buffer.concat([
        Buffer.from(`--x\r\n${first}\r\n\r\n`),
        small,
        Buffer.from(`\r\n--x\r\n${headers}\r\n\r\n`),
        small,
        Buffer.from('\r\n--x--\r\n'),
      ]);
    const response = await fetch(`${app.url}/process-images`, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      body: body('Content-Disposition: form-data; name="images"; filename="a.jpg"'),
    });
    await expectRefusal(response, 400, 'MALFORMED_MULTIPART');
  });

  test.each([
    'multipart/form-data;;boundary=X',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=X; ;;=; "',
  ])('with the content type %p', async (contentType) => {
    const response = await fetch(`${app.url}/process-images`, {
      method: 'POST',
      headers: { 'Content-Type': contentType },
      body: '--X--\r\n',
    });
    await expectRefusal(response, 400, 'MALFORMED_MULTIPART');
  });

  test.each([0, 1, 3])('and leaves no files of clients that disconnect %i ms after their headers', async (afterMs) => {
    const head =
      'POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 999\r\n\r\n';
    for (let count = 0; count < 20; count += 1) {
      const socket = connect(app.port, '127.0.0.1');
      await once(socket, 'connect');
      await new Promise((sent) => socket.write(head, sent));
      if (afterMs > 0) await delay(afterMs);
      socket.destroy();
    }
    await delay(200);
    await until(async () => (await readdir(app.uploadDir)).length === 0);
  });

  test('and leaves no files of a client that disconnects in the middle of a file', async () => {
    const socket = connect(app.port, '127.0.0.1');
    socket.write(
      'POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n' +
        '--x\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n',
    );
    socket.write(small);
    await until(async () => (await readdir(app.uploadDir)).length > 0);
    socket.destroy();
    await until(async () => (await readdir(app.uploadDir)).length === 0);
  });
});

describe('an upload above the size limit', () => {
  const tooLarge = 10 * 5 * MEBIBYTE + MEBIBYTE;
  const head = 'POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n';

  test('is refused by its Content-Length, before a client with Expect: 100-continue sends the body', async () => {
    const response = await new Promise<{ status: number | undefined; body: string; invited: boolean }>(
      (resolve, reject) => {
        let invited = false;
        const sent = request(`${app.url}/process-images`, {
          method: 'POST',
          headers: {
            'Content-Type': 'multipart/form-data; boundary=x',
            'Content-Length': tooLarge,
            Expect: '100-continue',
          },
        });
        sent.on('continue', () => {
          invited = true;
        });
        sent.on('response', async (response) => {
          const body = await new Response(response as unknown as ReadableStream).text();
          resolve({ status: response.statusCode, body, invited });
          sent.destroy();
        });
        sent.on('error', reject);
        sent.flushHeaders();
      },
    );
    expect(response).toMatchObject({ status: 413, invited: false });
    expect(JSON.parse(response.body).code).toBe('REQUEST_TOO_LARGE');
  });

  test('without a Content-Length is refused at the limit, and the connection is closed after the response', async () => {
    const socket = connect(app.port, '127.0.0.1');
    onCleanup(() => socket.destroy());
    let response = '';
    let isClosed = false;
    socket.setEncoding('utf8').on('data', (text: string) => {
      response += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      isClosed = true;
    });
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = (content: Buffer | string) => `${content.length.toString(16)}\r\n${content}\r\n`;
    socket.write(chunk('--x\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n'));
    const block = chunk('x'.repeat(MEBIBYTE));
    let sent = 0;
    // Far above the limit, so that this ends only if the API closes the connection.
    while (!isClosed && sent < 400) {
      if (!socket.write(block))
        await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), delay(500)]);
      sent += 1;
      if (response) await delay(20);
    }
    expect(isClosed).toBe(true);
    expect(response).toContain('413');
    expect(response).toContain('REQUEST_TOO_LARGE');
    await until(async () => (await readdir(app.uploadDir)).length === 0);
    expect(await jobKeys()).toEqual([]);
  });
});

test.each(['100-continue', '100-Continue', '100-continue, other'])(
  'sends 100 Continue to a client that expects %p',
  async (expectation) => {
    const invited = await new Promise((resolve, reject) => {
      const sent = request(`${app.url}/process-images`, {
        method: 'POST',
        headers: { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': 7, Expect: expectation },
      });
      sent.on('continue', () => {
        resolve(true);
        sent.end('--x--\r\n');
      });
      sent.on('response', () => resolve(false));
      sent.on('error', reject);
      sent.flushHeaders();
    });
    expect(invited).toBe(true);
  },
);

test('responds to malformed HTTP with a problem document', async () => {
  const sendRaw = async (text: string) => {
    const socket = connect(app.port, '127.0.0.1');
    socket.write(text);
    let response = '';
    for await (const chunk of socket.setEncoding('utf8')) response += chunk;
    const [head = '', body = ''] = response.split('\r\n\r\n');
    expect(head).toContain('application/problem+json');
    return JSON.parse(body);
  };
  expect(await sendRaw('FOO / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  const long = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`;
  expect(await sendRaw(long)).toMatchObject({ status: 431, code: 'HEADERS_TOO_LARGE' });
});

describe('accepts', () => {
  test('an upload at once, with the status URL and Retry-After', async () => {
    const response = await post(app.url, [
      ['a.jpg', small],
      ['b.png', await png(32, 32)],
    ]);
    const body = (await response.json()) as AcceptedBatch;
    expect(response.status).toBe(202);
    expect(body).toEqual({ batchId: expect.any(String), statusUrl: `/batches/${body.batchId}`, totalFiles: 2 });
    expect(response.headers.get('location')).toBe(body.statusUrl);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    const status = await fetch(app.url + body.statusUrl);
    expect(status.headers.get('retry-after')).toBe('1');
    expect(await status.json()).toMatchObject({
      status: 'waiting',
      files: [{ originalName: 'a.jpg' }, { originalName: 'b.png' }],
    });
    expect(await readdir(`${app.uploadDir}/${body.batchId}`)).toEqual(['0', '1']);
  });

  test('ten files of the maximum size', async () => {
    const largest = Buffer.concat([small, Buffer.alloc(5 * MEBIBYTE - small.length)]);
    const files = Array.from({ length: 10 }, (_, index): File => [`${index}.jpg`, largest]);
    expect((await post(app.url, files)).status).toBe(202);
  });

  test.each([
    'Füße – 写真 📷.jpg',
    'with "quotes" and \\ and /slash.jpg',
    '../../etc/passwd',
    '100%22.jpg',
    `${'long'.repeat(60)}.jpg`,
  ])('the name %p, and returns it unchanged', async (name) => {
    // Browsers and curl escape only quotes.
    const boundary = 'boundary';
    const escaped = name.replaceAll('"', '%22');
    const response = await fetch(`${app.url}/process-images`, {
      method: 'POST',
      headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
      body: Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="images"; filename="${escaped}"\r\n\r\n`),
        small,
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]),
    });
    expect(response.status).toBe(202);
    const { batchId } = (await response.json()) as AcceptedBatch;
    const [file] = (await readBatch(app.url, batchId)).files;
    expect(file?.originalName).toBe(name === '100%22.jpg' ? '100".jpg' : name);
  });

  test('a file whose content looks like boundaries, and stores it byte for byte', async () => {
    const content = Buffer.concat([small, Buffer.from('\n--x\r\n --x\r\n--y\r\n-x\r\n--')]);
    const response = await fetch(`${app.url}/process-images`, {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      body: new Uint8Array(multipart(['a.jpg', content])),
    });
    const { batchId } = (await response.json()) as AcceptedBatch;
    const original = await fetch(`${app.url}/jobs/${batchId}-0/original`);
    expect(content.equals(Buffer.from(await original.arrayBuffer()))).toBe(true);
  });

  test('a form with every field, each empty, and ten tags in repeated fields', async () => {
    const names = [...Object.keys(optionDescriptions), 'variants', 'preset', 'metadata', 'webhook'];
    const body = form([['a.jpg', small]]);
    for (const name of names) body.append(name, '');
    const tags = Array.from({ length: 10 }, (_, index) => `tag ${index}`);
    for (const tag of tags) body.append('tags', tag);
    const response = await fetch(`${app.url}/process-images`, { method: 'POST', body });
    expect(response.status).toBe(202);
    const { batchId } = (await response.json()) as AcceptedBatch;
    expect((await readBatch(app.url, batchId)).tags).toEqual(tags);
  });

  test('a corrupt image of an accepted type', async () => {
    await upload(app.url, ['truncated.jpg', await truncatedJpeg()]);
  });
});

test('accepts TIFF if ACCEPTED_FORMATS contains it', async () => {
  const redis = await startRedis();
  const withTiff = await listeningApp(redis, { ACCEPTED_FORMATS: 'jpeg,tiff' });
  const response = await post(withTiff.url, [['scan.tiff', await testImage().tiff().toBuffer()]]);
  expect(response.status).toBe(202);
  expect((await post(withTiff.url, [['a.png', await png(32, 32)]])).status).toBe(415);
});
