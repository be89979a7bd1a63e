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

const COUNT = sized(300, 2000);
const [ROUNDS, MOST_ROUNDS] = [sized(2, 5), sized(12, 15)];
const REQUESTS = sized(200, 500);
/** Milliseconds between two bytes of a slow connection. */
const BYTE_EVERY_MS = 2000;
const TICK_MS = 20;
/** Milliseconds by which a request may be slower whatever the quiet time: what a busy machine does to a short one. */
const NOISE_MS = 5;
const LIMIT_MS = 5000;

/** Milliseconds within which 99 of 100 requests were answered, one after the other on a connection of their own. */
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

/** Opens connections, half slow in their headers and half slow in their bodies, that go on so until they are closed. */
async function openSlowly(api: string, count: number) {
  const [inHeaders, inBodies]: [Socket[], Socket[]] = [[], []];
  const body = multipart(['a.jpg', await jpeg(200, 150)]);
  await forEachConcurrently(50, Array(count / 2).keys(), async () => {
    const [one, other] = [await openSocket(api), await openSocket(api)];
    one.resume().write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    // Of the body so much that the service has a file open.
    other.resume().write(uploadHead(`Content-Length: ${body.length}`));
    other.write(body.subarray(0, 200));
    inHeaders.push(one);
    inBodies.push(other);
  });
  const going = new Set([...inHeaders, ...inBodies]);
  let due = going.values();
  // Spread over the time, as they would come from many machines.
  const trickle = setInterval(() => {
    for (let left = Math.ceil((count * TICK_MS) / BYTE_EVERY_MS); left > 0; left -= 1) {
      const { value, done } = due.next();
      if (done) due = going.values();
      else if (value.writable) value.write('x');
    }
  }, TICK_MS);
  const end = () => {
    clearInterval(trickle);
    for (const socket of [...inHeaders, ...inBodies]) socket.destroy();
  };
  onCleanup(end);
  const hush = (sockets: Socket[]) => {
    for (const socket of sockets) going.delete(socket);
  };
  return { inHeaders, inBodies, hush, end };
}

/** An API with one batch, whose status is what the others ask for. */
async function startWithBatch() {
  const { startApi, uploadDir } = await ownService();
  const api = await startApi();
  const url = `${api.url}/batches/${await upload(api.url, ['a.jpg', await jpeg()])}`;
  await p99(url);
  return { api, uploadDir, url };
}

faultTest(
  '2,000 connections that send a byte every two seconds, half of them headers and half bodies of uploads',
  'p99 of the other requests at most doubles; within 5 s of their end no descriptor more is open and nothing of them is on disk',
  async () => {
    const { api, uploadDir, url } = await startWithBatch();
    const before = openDescriptors(api.child.pid);
    let [quiet, slowed, most, round] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
    // The best round of each counts, since what else this machine does only adds; and it may take some to have a good one.
    while (round < ROUNDS || (slowed > 2 * quiet + NOISE_MS && round < MOST_ROUNDS)) {
      round += 1;
      quiet = Math.min(quiet, await p99(url));
      const slow = await openSlowly(api.url, COUNT);
      // Their beginning costs something, as any beginning of an upload does; what counts is how they go on.
      await until(async () => (await storedNames(uploadDir)).length === 1 + COUNT / 2);
      slowed = Math.min(slowed, await p99(url));
      most = Math.max(most, openDescriptors(api.child.pid));
      slow.end();
      await until(() => openDescriptors(api.child.pid) <= before, LIMIT_MS);
      await until(async () => (await storedNames(uploadDir)).length === 1, LIMIT_MS);
    }
    expect(slowed).toBeLessThanOrEqual(2 * quiet + NOISE_MS);
    return `p99 ${quiet.toFixed(1)} ms without and ${slowed.toFixed(1)} ms with them; ${before} descriptors before, ${most} meanwhile, ${before} after`;
  },
);

// It takes as long as the limits do.
if (sized(false, true))
  faultTest(
    '200 connections that never finish: half send their headers byte by byte, half stop within a body',
    'the service cuts slow headers after 10 s and idle bodies after 15 s, within 5 s more',
    async () => {
      const { api, uploadDir } = await startWithBatch();
      const slow = await openSlowly(api.url, 200);
      const seconds = async (sockets: Socket[], limit: number) => {
        const started = Date.now();
        await until(() => sockets.every((socket) => socket.closed), (limit + 5) * 1000);
        return (Date.now() - started) / 1000;
      };
      slow.hush(slow.inBodies);
      const [headers, bodies] = await Promise.all([seconds(slow.inHeaders, 10), seconds(slow.inBodies, 15)]);
      await until(async () => (await storedNames(uploadDir)).length === 1, LIMIT_MS);
      return `slow headers cut after ${headers.toFixed(1)} s, idle bodies after ${bodies.toFixed(1)} s`;
    },
  );
