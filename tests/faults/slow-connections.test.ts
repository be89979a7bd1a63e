import { Agent, get } from 'node:http';
import type { Socket } from 'node:net';
import { onCleanup } from '../support/cleanup.ts';
import { upload } from '../support/client.ts';
import { forEachConcurrently } from '../support/concurrency.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { openDescriptors } from '../support/proc.ts';
import { until } from '../support/processes.ts';
import { multipart, openSocket, uploadHead } from '../support/raw.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

const COUNT = sized(100, 2000);
const [ROUNDS, MOST_ROUNDS] = [sized(2, 5), sized(12, 15)];
const REQUESTS = sized(200, 500);
/** Milliseconds between two bytes of a slow connection. */
const BYTE_EVERY_MS = 2000;
const TICK_MS = 20;
/** Tolerance in milliseconds, since a busy machine can delay even a short request. */
const NOISE_MS = 5;
const LIMIT_MS = 5000;

/** Sends requests one after the other on one connection. Returns their 99th percentile latency in milliseconds. */
async function p99(url: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let number = 0; number < REQUESTS; number += 1) {
    const started = performance.now();
    const status = await new Promise((resolve, reject) => {
      get(url, { agent }, (response) => response.resume().once('end', () => resolve(response.statusCode))).once(
        'error',
        reject,
      );
    });
    expect(status).toBe(200);
    times.push(performance.now() - started);
  }
  agent.destroy();
  return times.sort((one, other) => one - other)[Math.floor(REQUESTS * 0.99)] ?? Number.NaN;
}

/** Opens connections that send one byte at a time until they are closed: half in their headers, half in their bodies. */
async function openSlowly(api: string, count: number) {
  const [inHeaders, inBodies]: [Socket[], Socket[]] = [[], []];
  const body = multipart(['a.jpg', await jpeg(200, 150)]);
  await forEachConcurrently(50, Array(count / 2).keys(), async () => {
    const [one, other] = [await openSocket(api), await openSocket(api)];
    one.resume().write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    // Enough of the body that the API has opened a file.
    other.resume().write(uploadHead(`Content-Length: ${body.length}`));
    other.write(body.subarray(0, 200));
    inHeaders.push(one);
    inBodies.push(other);
  });
  const sending = new Set([...inHeaders, ...inBodies]);
  let due = sending.values();
  // Spread the bytes over time, as if they came from many machines.
  const trickle = setInterval(() => {
    for (let left = Math.ceil((count * TICK_MS) / BYTE_EVERY_MS); left > 0; left -= 1) {
      const { value, done } = due.next();
      if (done) due = sending.values();
      else if (value.writable) value.write('x');
    }
  }, TICK_MS);
  const end = () => {
    clearInterval(trickle);
    for (const socket of [...inHeaders, ...inBodies]) socket.destroy();
  };
  onCleanup(end);
  const stopSending = (sockets: Socket[]) => {
    for (const socket of sockets) sending.delete(socket);
  };
  return { inHeaders, inBodies, stopSending, end };
}

/** Starts an API with one batch. `url` is the status URL that the other requests use. */
async function startWithBatch() {
  const { startApi, uploadDir } = await ownService();
  const api = await startApi();
  const url = `${api.url}/batches/${await upload(api.url, ['a.jpg', await jpeg()])}`;
  await p99(url);
  return { api, uploadDir, url };
}

faultTest(
  '2,000 connections that send one byte every two seconds, half of them in the headers and half in an upload body',
  'The p99 latency of other requests at most doubles; within 5 s after they close, their descriptors are closed and their files deleted',
  async () => {
    const { api, uploadDir, url } = await startWithBatch();
    const before = openDescriptors(api.child.pid);
    let [quietMs, slowedMs, mostDescriptors, round] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
    // The best round of each counts, since other load on the machine only makes a round slower. Bad rounds are repeated.
    while (round < ROUNDS || (slowedMs > 2 * quietMs + NOISE_MS && round < MOST_ROUNDS)) {
      round += 1;
      quietMs = Math.min(quietMs, await p99(url));
      const slow = await openSlowly(api.url, COUNT);
      // Wait until all uploads have begun: beginning an upload has a cost that is not measured here.
      await until(async () => (await storedNames(uploadDir)).length === 1 + COUNT / 2);
      slowedMs = Math.min(slowedMs, await p99(url));
      mostDescriptors = Math.max(mostDescriptors, openDescriptors(api.child.pid));
      slow.end();
      await until(() => openDescriptors(api.child.pid) <= before, LIMIT_MS);
      await until(async () => (await storedNames(uploadDir)).length === 1, LIMIT_MS);
    }
    expect(slowedMs).toBeLessThanOrEqual(2 * quietMs + NOISE_MS);
    return `p99 ${quietMs.toFixed(1)} ms without and ${slowedMs.toFixed(1)} ms with them; ${before} descriptors before, ${mostDescriptors} meanwhile, ${before} after`;
  },
);

// Only at full size, since it takes as long as the timeouts.
if (sized(false, true))
  faultTest(
    '200 connections that never finish: half send their headers byte by byte, half stop within a body',
    'The API closes connections with slow headers after 10 to 15 s, and with idle bodies after 15 to 20 s',
    async () => {
      const { api, uploadDir } = await startWithBatch();
      const slow = await openSlowly(api.url, 200);
      const seconds = async (sockets: Socket[], limit: number) => {
        const started = Date.now();
        await until(() => sockets.every((socket) => socket.closed), (limit + 5) * 1000);
        return (Date.now() - started) / 1000;
      };
      slow.stopSending(slow.inBodies);
      const [headers, bodies] = await Promise.all([seconds(slow.inHeaders, 10), seconds(slow.inBodies, 15)]);
      await until(async () => (await storedNames(uploadDir)).length === 1, LIMIT_MS);
      return `slow headers: closed after ${headers.toFixed(1)} s; idle bodies: after ${bodies.toFixed(1)} s`;
    },
  );
