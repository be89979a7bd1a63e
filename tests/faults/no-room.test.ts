import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { batchEnd, type File, post } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { quickest } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

/**
 * Announces an upload of a mebibyte and sends none of it.
 *
 * @returns the refusal; `undefined` when the API waits for the body
 */
async function announce(url: string, limitMs: number): Promise<IncomingMessage | undefined> {
  const headers = { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': String(1024 ** 2) };
  const asking = request(`${url}/process-images`, { method: 'POST', headers });
  asking.on('error', () => {});
  asking.flushHeaders();
  const response = await Promise.race([once(asking, 'response'), delay(limitMs)]);
  asking.destroy();
  return response?.[0];
}

faultTest(
  'More files waiting than `MAX_BACKLOG`',
  '503 before the body is read, with a `Retry-After` from the rate at which files end; after it there is room',
  async () => {
    const service = await ownService({ MAX_BACKLOG: '40', WORKER_CONCURRENCY: '1', MIN_FREE_DISK: '0' });
    const api = await service.startApi();
    const worker = await service.startWorker();
    const image = await jpeg(1500, 1200);
    const files = Array<File>(10).fill(['a.jpg', image]);
    const accepted: string[] = [];
    /** @returns the seconds that a refusal says to wait, after them; 0 when the upload was accepted */
    const send = async (upload: readonly File[]): Promise<number> => {
      const response = await post(api.url, [...upload]);
      if (response.status === 202) accepted.push(((await response.json()) as { batchId: string }).batchId);
      else expect(response.status).toBe(503);
      return response.status === 202 ? 0 : Number(response.headers.get('retry-after'));
    };
    const told: number[] = [];
    let mostTries = 0;
    const rounds = sized(2, 20);
    while (told.length < rounds) {
      // However fast it is, it must not make room meanwhile.
      worker.child.kill('SIGSTOP');
      while ((await send(files)) === 0);
      const response = await announce(api.url, 30_000);
      worker.child.kill('SIGCONT');
      expect(response?.statusCode).toBe(503);
      let seconds = Number(response?.headers['retry-after']);
      expect(seconds).toBeGreaterThanOrEqual(1);
      // Before anything has ended nothing is known of the rate.
      expect(seconds).toBeLessThanOrEqual(30);
      const isKnown = seconds < 30;
      if (isKnown) told.push(seconds);
      let tries = 0;
      for (; seconds > 0; tries += 1) {
        await delay(Math.min(seconds, 5) * 1000);
        seconds = await send([['a.jpg', image]]);
      }
      if (isKnown) mostTries = Math.max(mostTries, tries);
    }
    // The rate is that of the last minute, and a machine may be slower in the next.
    expect(mostTries).toBeLessThanOrEqual(3);
    for (const batchId of accepted) expect((await batchEnd(api.url, batchId)).status).toBe('completed');
    return `refused ${told.length} times, told to wait ${Math.min(...told)} to ${Math.max(...told)} s, accepted at the latest at try ${mostTries} after that`;
  },
);

faultTest(
  'Less free disk than `MIN_FREE_DISK`',
  '503 with `Retry-After` before the body is read, and reading goes on',
  async () => {
    const service = await ownService({ MIN_FREE_DISK: String(2 ** 49) });
    const api = await service.startApi();
    const ms = await quickest(1000, async () => {
      const response = await announce(api.url, 5000);
      expect([response?.statusCode, response?.headers['retry-after']]).toEqual([503, '60']);
    });
    expect(ms).toBeLessThan(1000);
    expect((await fetch(`${api.url}/presets`)).status).toBe(200);
    return `refused after ${Math.ceil(ms)} ms, no byte of the body sent`;
  },
);
