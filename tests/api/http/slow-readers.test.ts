import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { createHttpServer } from '../../../src/api/http/server.ts';
import { listeningApp } from '../../support/app.ts';
import { onCleanup } from '../../support/cleanup.ts';
import { batchEnd, type File, upload } from '../../support/client.ts';
import { jpeg } from '../../support/images.ts';
import { quickest, until } from '../../support/processes.ts';
import { openSocket } from '../../support/raw.ts';
import { startRedis } from '../../support/redis.ts';
import { madeUpResult, takeJobs } from '../../support/take-jobs.ts';

const IDLE_TIMEOUT_MS = 3000;
/** Node's own timeout takes twice `IDLE_TIMEOUT_MS` while a write is pending. */
const LIMIT_MS = 5500;
/** Far larger than the buffers of both sockets. */
const RESPONSE_BYTES = 64 * 1024 * 1024;
/** Makes the events of a batch of ten files larger than the socket buffers. */
const LONG_NAME = 'x'.repeat(400_000);

let server: Server;

/** Sends a request on a new connection. The client then reads only what fits its socket's buffers. */
async function request(path: string): Promise<{ client: Socket; connection: Socket }> {
  const connecting = once(server, 'connection') as Promise<[Socket]>;
  const client = await openSocket(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [connection] = await connecting;
  client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return { client, connection };
}

/** Waits until the server closes a connection. Returns the milliseconds since the last byte that the system accepted. */
async function silenceBeforeClose(connection: Socket): Promise<number> {
  let [written, since] = [-1, 0];
  await until(() => {
    const now = connection.bytesWritten;
    if (now !== written) [written, since] = [now, performance.now()];
    return connection.destroyed;
  });
  return performance.now() - since;
}

async function expectClosed(path: string): Promise<void> {
  let leastMs = Number.POSITIVE_INFINITY;
  await quickest(LIMIT_MS, async () => {
    const { connection } = await request(path);
    leastMs = Math.min(leastMs, await silenceBeforeClose(connection));
  });
  expect(leastMs).toBeLessThan(LIMIT_MS);
}

describe('closes the connection of a client that does not read', () => {
  let app: Awaited<ReturnType<typeof listeningApp>>;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let batchId: string;

  beforeAll(async () => {
    redis = await startRedis();
    app = await listeningApp(redis, {}, { idleTimeoutMs: IDLE_TIMEOUT_MS });
    server = app.server;
    const stop = takeJobs(redis, async ({ originalName }) => madeUpResult(originalName));
    batchId = await upload(app.url, ['a.jpg', await jpeg(32, 32)]);
    await batchEnd(app.url, batchId);
    await stop();
    for (const path of [join(app.processedDir, `processed-${batchId}-0.jpg`), join(app.uploadDir, batchId, '0')])
      await writeFile(path, Buffer.alloc(RESPONSE_BYTES));
  });

  test.each([
    ['an archive', () => `/batches/${batchId}/archive`],
    ['a result', () => `/jobs/${batchId}-0/result`],
    ['an original', () => `/jobs/${batchId}-0/original`],
  ])('%s', (_resource, path) => expectClosed(path()));

  test('events', async () => {
    const image = await jpeg(32, 32);
    const files = Array.from({ length: 10 }, (_, index): File => [`${index}.jpg`, image]);
    const changing = await upload(app.url, ...files);
    const streams = await Promise.all([1, 2, 3].map(() => request(`/batches/${changing}/events`)));
    takeJobs(redis, async ({ index }) => {
      await delay(index * 200);
      return madeUpResult(LONG_NAME);
    });
    const silences = await Promise.all(streams.map(({ connection }) => silenceBeforeClose(connection)));
    expect(Math.min(...silences)).toBeLessThan(LIMIT_MS);
  });
});

describe('a response in a single write', () => {
  beforeAll(async () => {
    const app = express().get('/', (_req, res) => void res.end(Buffer.alloc(RESPONSE_BYTES)));
    server = createHttpServer(app, { requestTimeoutMs: 60_000, idleTimeoutMs: IDLE_TIMEOUT_MS });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onCleanup(() => {
      server.closeAllConnections();
      server.close();
    });
  });

  test('closes the connection of a client that does not read', () => expectClosed('/'));

  test('is sent completely to a client that keeps reading slowly', async () => {
    const begin = performance.now();
    const { client, connection } = await request('/');
    let read = 0;
    client.on('data', (chunk) => {
      read += chunk.length;
      client.pause();
    });
    while (read < RESPONSE_BYTES && !connection.destroyed) {
      client.resume();
      await delay(5);
    }
    expect(read).toBeGreaterThan(RESPONSE_BYTES);
    expect(performance.now() - begin).toBeGreaterThan(IDLE_TIMEOUT_MS);
  });
});
