import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, readBatch, upload } from '../support/client.ts';
import { holdNextImage } from '../support/descendants.ts';
import { jpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { fetchRaw, openSocket } from '../support/raw.ts';
import { ownService } from '../support/service.ts';

interface Event {
  id: number;
  name: string;
  status: BatchResponse;
}

/**
 * Reads an event stream to its end.
 *
 * @param events receives each event as it arrives
 */
async function readEvents(url: string, headers: Record<string, string> = {}, events: Event[] = []): Promise<Event[]> {
  const { body } = await fetch(url, { headers });
  let rest = '';
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    events.push(...blocks.filter((block) => block.startsWith('id:')).map(parseEvent));
  }
  return events;
}

function parseEvent(block: string): Event {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
  return { id: Number(field('id')), name: field('event'), status: JSON.parse(field('data')) };
}

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
beforeAll(async () => {
  service = await ownService({ WORKER_CONCURRENCY: '1', MAX_HELD_REQUESTS: '0', SHUTDOWN_SECONDS: '30' });
  api = await service.startApi();
});

test('sends every change to a thousand streams of one batch over one subscription, although one does not read', async () => {
  const batchId = await upload(api.url, ['a.jpg', await jpeg(64, 64)], ['b.jpg', await jpeg(64, 64)]);
  const admin = new Redis(service.redis.url);
  onCleanup(() => admin.disconnect());
  const connections = async () =>
    String(await admin.client('LIST'))
      .trim()
      .split('\n').length;
  const before = await connections();

  const { port } = new URL(api.url);
  const request = `GET /batches/${batchId}/events HTTP/1.1\r\nHost: x\r\n\r\n`;
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(port), '127.0.0.1');
    onCleanup(() => socket.destroy());
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.write(request);
    return socket;
  };
  const stalled = await open();
  stalled.pause();
  let began = 0;
  let done = 0;
  for (let opened = 0; opened < 1000; opened += 1) {
    const socket = await open();
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      if (text === '') began += 1;
      text += chunk;
      if (/\nevent: done\n/.test(text)) {
        done += 1;
        socket.destroy();
      }
    });
  }
  await until(() => began === 1000);
  expect(await connections()).toBe(before);
  await service.startWorker();
  await batchEnd(api.url, batchId);
  await until(() => done === 1000);
});

test('sends each change, then the event done, and ends the stream', async () => {
  const { url } = api;
  const worker = await service.startWorker();
  const release = await holdNextImage(worker, url);
  worker.child.kill('SIGSTOP');
  const batchId = await upload(url, ['a.jpg', await jpeg(64, 64)], ['b.jpg', await jpeg(64, 64)]);
  const polled = await readBatch(url, batchId);
  const events: Event[] = [];
  const reading = readEvents(`${url}/batches/${batchId}/events`, {}, events);
  await until(() => events.length > 0);
  worker.child.kill('SIGCONT');
  await until(() => events.some(({ status }) => status.status === 'processing'));
  release();
  await reading;
  expect(events[0]?.status).toEqual(polled);
  expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
  const states = events.map(({ status }) => status.status);
  expect([...new Set(states)]).toEqual(['waiting', 'processing', 'completed']);
  expect(events.map(({ name }) => name)).toEqual([...events.slice(1).map(() => ''), 'done']);
  expect(events.at(-1)?.status).toEqual(await readBatch(url, batchId));

  const again = await readEvents(`${url}/batches/${batchId}/events`, { 'Last-Event-ID': '41' });
  expect(again).toMatchObject([{ id: 42, name: 'done', status: { status: 'completed' } }]);
});

test('does not respond in the middle of a stream to data that the client sends', async () => {
  const batchId = await upload(api.url, ['a.jpg', await jpeg(64, 64)]);
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write(`GET /batches/${batchId}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
  await until(() => text.includes('data: '));
  const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
  socket.write('NO HTTP AT ALL\r\n\r\n');
  await closed;
  expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test('ends open streams when the API stops', async () => {
  const batchId = await upload(api.url, ['a.jpg', await jpeg(64, 64)]);
  const events: Event[] = [];
  const reading = readEvents(`${api.url}/batches/${batchId}/events`, {}, events);
  await until(() => events.length > 0);
  const waiting = await openSocket(api.url);
  let response = '';
  waiting.setEncoding('utf8').on('data', (chunk: string) => {
    response += chunk;
  });
  const closed = once(waiting, 'close');
  waiting.write(`GET /batches/${batchId} HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\n\r\n`);
  // The API accepts connections in order. Once it responds on the second of these, it has read the request above.
  for (let count = 0; count < 2; count += 1) expect((await fetchRaw(`${api.url}/healthz`)).status).toBe(200);
  expect(await api.end('SIGTERM')).toBe(0);
  expect(await reading).toMatchObject([{ status: { status: 'waiting' } }]);
  await closed;
  expect(response).toMatch(/^HTTP\/1\.1 200 /);
});
