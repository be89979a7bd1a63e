import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { upload } from '../support/client.ts';
import { forEachConcurrently } from '../support/concurrency.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { openDescriptors } from '../support/proc.ts';
import { until } from '../support/processes.ts';
import { seeded } from '../support/random.ts';
import { fetchRaw, multipart, openSocket, uploadHead } from '../support/raw.ts';
import { errorLines, ownService } from '../support/service.ts';

const COUNT = sized(200, 10_000);
const SEED = 6;
const LIMIT_MS = 5000;

faultTest(
  '10,000 uploads aborted at random points of their bodies, by close or reset',
  'Within 5 s their files are deleted and their descriptors closed; the next upload is accepted',
  async () => {
    const service = await ownService();
    const api = await service.startApi();
    const small = await jpeg(200, 150);
    await upload(api.url, ['a.jpg', small]);
    const accepted = await readdir(service.uploadDir);
    const descriptors = openDescriptors(api.child.pid);

    const random = seeded(SEED);
    const body = multipart(['a.jpg', small], ['b.jpg', await jpeg()], ['c.jpg', small]);
    const head = uploadHead(`Content-Length: ${body.length}`);
    // The end of the final boundary is always missing, so that no upload is complete.
    const cuts = Array.from({ length: COUNT }, () => [random(body.length - 2), random(2), random(4)] as const);
    await forEachConcurrently(20, cuts, async ([length, isReset, ms]) => {
      const socket = await openSocket(api.url);
      await new Promise((sent) => socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, length)]), sent));
      await delay(ms);
      if (isReset) socket.resetAndDestroy();
      else socket.destroy();
      // The API accepts connections in order. Waiting for a response keeps the kernel's accept queue short.
      if (length % 5 === 0) await fetchRaw(`${api.url}/healthz`);
    });

    const ended = Date.now();
    await until(async () => (await readdir(service.uploadDir)).length === accepted.length, LIMIT_MS);
    await until(() => openDescriptors(api.child.pid) <= descriptors, LIMIT_MS - (Date.now() - ended));
    const tookMs = Date.now() - ended;
    expect(await readdir(service.uploadDir)).toEqual(accepted);
    await upload(api.url, ['a.jpg', small]);
    // An aborted upload is not an error of the service.
    expect(errorLines(api.output())).toEqual([]);
    return `all deleted ${tookMs} ms after the last one; ${descriptors} descriptors before and after`;
  },
);
