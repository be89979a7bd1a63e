import { batchEnd, upload } from '../support/client.ts';
import { forEachConcurrently } from '../support/concurrency.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { openDescriptors } from '../support/proc.ts';
import { until } from '../support/processes.ts';
import { openSocket } from '../support/raw.ts';
import { ownService } from '../support/service.ts';

const COUNT = sized(400, 15_000);
/** Heap limit of the API in mebibytes. At full size a leak of 80 KB per client would exceed it. */
const HEAP_MB = 256;
/** Timers and descriptors that vary without these clients, such as those of the metrics request. */
const NOISE = 10;
/** Milliseconds. A wait that continued without its client would end after a minute only. */
const SHORTER_THAN_WAITS_MS = 40_000;

/** Reads the number of the API's timers from its metrics. */
async function countTimers(api: string): Promise<number> {
  const text = await (await fetch(`${api}/metrics`)).text();
  return Number(/^nodejs_active_resources\{type="Timeout"\} (\d+)/m.exec(text)?.[1] ?? 0);
}

faultTest(
  '15,000 clients that send a request and reset the connection at once: event streams, waits, archives, results, originals',
  'The numbers of timers and descriptors return to their former values within 10; the next client is served',
  async () => {
    const service = await ownService();
    const api = await service.startApi({}, [process.execPath, `--max-old-space-size=${HEAP_MB}`]);
    const worker = await service.startWorker();
    const finished = await upload(api.url, ['a.jpg', await jpeg()]);
    await batchEnd(api.url, finished);
    await worker.end();
    const waiting = await upload(api.url, ['a.jpg', await jpeg()]);
    const requests = [
      `/batches/${waiting}/events`,
      `/batches/${waiting} wait=60`,
      `/jobs/${waiting}-0 wait=60`,
      `/batches/${finished}/archive`,
      `/jobs/${finished}-0/result`,
      `/jobs/${finished}-0/original`,
    ];
    const { pid } = api.child;
    const before = { timers: await countTimers(api.url), descriptors: openDescriptors(pid) };

    await forEachConcurrently(20, Array(COUNT).keys(), async (number) => {
      const [path, wait] = (requests[number % requests.length] ?? '').split(' ');
      const socket = await openSocket(api.url);
      const prefer = wait ? `Prefer: ${wait}\r\n` : '';
      await new Promise<void>((sent) => {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${prefer}\r\n`, () => sent());
      });
      socket.resetAndDestroy();
    });

    const after = await until(async () => {
      const now = { timers: await countTimers(api.url), descriptors: openDescriptors(pid) };
      return now.timers <= before.timers + NOISE && now.descriptors <= before.descriptors + NOISE && now;
    }, SHORTER_THAN_WAITS_MS);
    expect((await fetch(`${api.url}/jobs/${finished}-0/result`)).status).toBe(200);
    return `${before.timers} timers and ${before.descriptors} descriptors before, ${after.timers} and ${after.descriptors} after`;
  },
);
