import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import express from 'express';
import { errorHandler } from '../../../src/api/http/error-handler.ts';
import { ServiceError } from '../../../src/shared/errors.ts';
import { listeningApp } from '../../support/app.ts';
import { onCleanup, temporaryFolder } from '../../support/cleanup.ts';
import { form, post } from '../../support/client.ts';
import { jpeg } from '../../support/images.ts';
import { describeBehindNginx, startNginx } from '../../support/nginx.ts';
import { until } from '../../support/processes.ts';
import { openSocket, uploadHead } from '../../support/raw.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

/** The hash belongs to no key. */
const API_KEYS = `alice:${'0'.repeat(64)}`;
const KIBIBYTE = 1024;
const ROUNDS = 10;

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});

interface Refusal {
  settings?: Record<string, string>;
  path?: string;
  headers?: Record<string, string>;
  status: number;
}

/** Refusals that do not need the body, by error code. */
const refusals: Record<string, Refusal> = {
  MULTIPART_REQUIRED: { headers: { 'Content-Type': 'text/plain' }, status: 415 },
  ROUTE_NOT_FOUND: { path: '/nowhere', status: 404 },
  UNAUTHORIZED: { settings: { API_KEYS }, status: 401 },
  RATE_LIMITED: { settings: { RATE_LIMIT_UPLOADS: '1' }, status: 429 },
  BACKLOG_FULL: { settings: { MAX_BACKLOG: '1' }, status: 503 },
  INVALID_IDEMPOTENCY_KEY: { headers: { 'Idempotency-Key': '"' }, status: 400 },
};
const table = Object.entries(refusals).map(([code, refusal]) => ({ code, ...refusal }));

/** Encodes a form of about this many bytes. */
async function formOf(bytes: number): Promise<{ type: string; body: Buffer }> {
  const whole = new Response(form([['a.jpg', Buffer.alloc(bytes)]]));
  return { type: whole.headers.get('Content-Type') ?? '', body: Buffer.from(await whole.arrayBuffer()) };
}

/** Starts an API that refuses every further upload as given. */
async function refusingApi({ settings }: Refusal) {
  const app = await listeningApp(redis, { ...settings, QUEUE_PREFIX: `{${Math.random()}}` });
  // Uses up the limits that allow one upload.
  await post(app.url, [['a.jpg', await jpeg(32, 32)]]);
  return app;
}

/** Alternates refused uploads and other requests, and expects a response to each. */
async function alternate(url: string, { path = '/process-images', headers, status }: Refusal, bytes: number) {
  const { type, body } = await formOf(bytes);
  for (let round = 0; round < ROUNDS; round += 1) {
    const refused = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': type, ...headers },
      body: new Uint8Array(body),
    });
    expect(refused.status).toBe(status);
    expect(await refused.json()).toMatchObject({ status });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  }
}

describe('after a refusal without reading the body', () => {
  test.each(table)('$code: fetch gets a response to each further request', async ({ code, ...refusal }) => {
    const { url } = await refusingApi(refusal);
    for (const bytes of [1, 49 * KIBIBYTE, 600 * KIBIBYTE]) await alternate(url, refusal, bytes);
  });

  test('curl reads the response, and continues with its next request', async () => {
    const { url } = await refusingApi({ status: 404 });
    const file = join(await temporaryFolder(), 'body');
    // Above a mebibyte curl sends Expect: 100-continue before its body.
    for (const bytes of [64 * KIBIBYTE, 600 * KIBIBYTE, 1500 * KIBIBYTE]) {
      await writeFile(file, Buffer.alloc(bytes));
      const format = ['-s', '-o', '/dev/null', '-w', '%{http_code} '];
      const first = [...format, '-H', 'Content-Type: text/plain', '--data-binary', `@${file}`, `${url}/process-images`];
      const { stdout } = await promisify(execFile)('curl', [...first, '--next', ...format, `${url}/healthz`]);
      expect(stdout.trim()).toBe('415 200');
    }
  });

  test('reads a short body to its end and keeps the connection open', async () => {
    const { url } = await refusingApi({ status: 415 });
    const socket = await openSocket(url);
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
    });
    const length = 49 * KIBIBYTE;
    socket.write(
      `POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`,
    );
    await until(() => received.includes('MULTIPART_REQUIRED'));
    expect(received).not.toMatch(/^Connection: close/im);
    socket.write(Buffer.alloc(length));
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => received.includes('HTTP/1.1 200'));
  });

  test('keeps the connection open after a request without a body', async () => {
    const { url } = await refusingApi({ status: 404 });
    const socket = await openSocket(url);
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
    });
    for (const path of ['/nowhere', '/batches/x', '/healthz']) socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(() => received.includes('HTTP/1.1 200'));
    expect(received.match(/HTTP\/1\.1 404/g)).toHaveLength(2);
    expect(received).not.toMatch(/^Connection: close/im);
  });

  test.each([
    ['is longer', uploadHead(`Content-Length: ${300 * KIBIBYTE}\r\nIdempotency-Key: "`)],
    ['has no declared length', uploadHead('Transfer-Encoding: chunked\r\nIdempotency-Key: "')],
    ['waits for 100 Continue', uploadHead('Content-Length: 10\r\nExpect: 100-continue\r\nIdempotency-Key: "')],
  ])('announces Connection: close and closes the connection if the body %s', async (_, head) => {
    const { url } = await refusingApi({ status: 400 });
    const socket = await openSocket(url);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    const closed = once(socket, 'close');
    socket.write(head);
    await until(() => Buffer.concat(chunks).includes('INVALID_IDEMPOTENCY_KEY'));
    expect(Buffer.concat(chunks).toString()).toMatch(/^Connection: close/im);
    await closed;
  });
});

test('starts no timer for a client that has disconnected', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const app = express();
  const started = new Promise((resolve) => {
    app.post(/.*/, (req, res, next) => {
      req.once('close', () => {
        const before = timers();
        errorHandler(new ServiceError('BAD_REQUEST', ['The client has left.']), req, res, next);
        resolve(timers() - before);
      });
      req.socket.destroy();
    });
  });
  const server = app.listen(0, '127.0.0.1');
  onCleanup(() => server.close());
  await once(server, 'listening');
  const socket = await openSocket(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  socket.write(uploadHead('Content-Length: 5000'));
  expect(await started).toBe(0);
});

describeBehindNginx('behind a proxy with keep-alive connections to the API', () => {
  test.each(table)('$code: each further request gets a response', async ({ code, ...refusal }) => {
    const { url } = await refusingApi(refusal);
    const proxy = await startNginx(url);
    for (const bytes of [1, 49 * KIBIBYTE, 600 * KIBIBYTE]) await alternate(proxy, refusal, bytes);
  });
});
