import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { batchEnd, type File, post } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/pictures.ts';
import { ownService } from '../support/service.ts';

/**
 * Announces an upload of a mebibyte and sends none of it.
 *
 * @returns the refusal; `undefined` when the API waits for the body
 */
async function announce(url: string): Promise<IncomingMessage | undefined> {
  const headers = { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': String(1024 ** 2) };
  const asking = request(`${url}/process-images`, { method: 'POST', headers });
  asking.on('error', () => {});
  asking.flushHeaders();
  const answer = await Promise.race([once(asking, 'response'), delay(1000)]);
  asking.destroy();
  return answer?.[0];
}

faultTest(
  'More files waiting than `MAX_BACKLOG`',
  '503 before the body is read, with a `Retry-After` from the rate at which files end; after it there is room',
  async () => {
    const service = await ownService({ MAX_BACKLOG: '40', WORKER_CONCURRENCY: '1', MIN_FREE_DISK: '0' });
    const api = await service.startApi();
    await service.startWorker();
    const picture = await jpeg(1500, 1200);
    const files = Array<File>(10).fill(['a.jpg', picture]);
    const accepted: string[] = [];
    const waits: number[] = [];
    let refused = 0;
    for (let round = 0; round < sized(2, 20); round += 1) {
      let answer: IncomingMessage | undefined;
      while (!answer) {
        const sent = await post(api.url, files);
        if (sent.status === 202) accepted.push(((await sent.json()) as { batchId: string }).batchId);
        else answer = await announce(api.url);
      }
      refused += 1;
      const seconds = Number(answer.headers['retry-after']);
      expect(answer.statusCode).toBe(503);
      expect(seconds).toBeGreaterThanOrEqual(1);
      // Before anything has ended nothing is known of the rate.
      expect(seconds).toBeLessThanOrEqual(30);
      if (seconds < 30) waits.push(seconds);
      await delay(Math.min(seconds, 5) * 1000);
      if (seconds < 30) expect((await post(api.url, [['a.jpg', picture]])).status).toBe(202);
    }
    for (const batchId of accepted) expect((await batchEnd(api.url, batchId)).status).toBe('completed');
    return `refused ${refused} times, told to wait ${Math.min(...waits)} to ${Math.max(...waits)} s, and accepted after that each time`;
  },
);

faultTest(
  'Less free disk than `MIN_FREE_DISK`',
  '503 with `Retry-After` before the body is read, and reading goes on',
  async () => {
    const service = await ownService({ MIN_FREE_DISK: String(2 ** 49) });
    const api = await service.startApi();
    const begin = Date.now();
    const answer = await announce(api.url);
    const ms = Date.now() - begin;
    expect([answer?.statusCode, answer?.headers['retry-after']]).toEqual([503, '60']);
    expect(ms).toBeLessThan(1000);
    expect((await fetch(`${api.url}/presets`)).status).toBe(200);
    return `refused after ${ms} ms, no byte of the body sent`;
  },
);
