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
import { ownService } from '../support/service.ts';

const COUNT = sized(500, 10_000);
const SEED = 6;
const LIMIT_MS = 5000;

faultTest(
  '10,000 uploads cut off at random points of their bodies, closed or reset',
  'within 5 s nothing of them is on disk and no descriptor more is open; the next upload is taken',
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
    // Some hyphens of the end are always missing: with it the upload would be whole.
    const cuts = Array.from({ length: COUNT }, () => [random(body.length - 2), random(2), random(4)] as const);
    await forEachConcurrently(20, cuts, async ([length, isReset, ms]) => {
      const socket = await openSocket(api.url);
      await new Promise((sent) => socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, length)]), sent));
      await delay(ms);
      if (isReset) socket.resetAndDestroy();
      else socket.destroy();
      // A client is gone before it is its turn; without this the line would grow as long as the kernel lets it.
      if (length % 5 === 0) await fetchRaw(`${api.url}/healthz`);
    });

    const ended = Date.now();
    await until(async () => (await readdir(service.uploadDir)).length === accepted.length, LIMIT_MS);
    await until(() => openDescriptors(api.child.pid) <= descriptors, LIMIT_MS - (Date.now() - ended));
    const tookMs = Date.now() - ended;
    expect(await readdir(service.uploadDir)).toEqual(accepted);
    await upload(api.url, ['a.jpg', small]);
    // A client that hangs up is no fault of the service's.
    expect(api.output()).not.toMatch(/"level":[56]0/);
    return `all gone ${tookMs} ms after the last; ${descriptors} descriptors before and after`;
  },
);
