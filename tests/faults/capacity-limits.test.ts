import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { batchEnd, type File, post } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { quickest } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

/**
 * Sends the headers of an upload of a mebibyte, and nothing of its body.
 *
 * @returns the response; `undefined` when the API waits for the body
 */
async function announce(url: string, limitMs: number): Promise<IncomingMessage | undefined> {
  const headers = { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': String(1024 ** 2) };
  const upload = request(`${url}/process-images`, { method: 'POST', headers });
  upload.on('error', () => {});
  upload.flushHeaders();
  const outcome = await Promise.race([once(upload, 'response'), delay(limitMs)]);
  upload.destroy();
  return outcome?.[0];
}

faultTest(
  'More files waiting than `MAX_BACKLOG`',
  '503 before the body is read; `Retry-After` follows from the processing rate, and uploads are accepted again after about that time',
  async () => {
    const service = await ownService({ MAX_BACKLOG: '40', WORKER_CONCURRENCY: '1', MIN_FREE_DISK: '0' });
    const api = await service.startApi();
    const worker = await service.startWorker();
    const image = await jpeg(1500, 1200);
    const files = Array<File>(10).fill(['a.jpg', image]);
    const accepted: string[] = [];
    /** Uploads files. Returns the `Retry-After` of a refusal in seconds, or 0 when the upload was accepted. */
    const send = async (upload: readonly File[]): Promise<number> => {
      const response = await post(api.url, [...upload]).catch(() => undefined);
      // A slow client may still be sending when the API closes the connection after its refusal.
      if (!response) return 1;
      if (response.status === 202) accepted.push(((await response.json()) as { batchId: string }).batchId);
      else expect(response.status).toBe(503);
      return response.status === 202 ? 0 : Number(response.headers.get('retry-after'));
    };
    const retryAfters: number[] = [];
    let mostRetries = 0;
    const rounds = sized(1, 20);
    while (retryAfters.length < rounds) {
      // A stopped worker cannot shorten the backlog meanwhile.
      worker.child.kill('SIGSTOP');
      while ((await send(files)) === 0);
      const response = await announce(api.url, 30_000);
      worker.child.kill('SIGCONT');
      expect(response?.statusCode).toBe(503);
      let seconds = Number(response?.headers['retry-after']);
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(300);
      // 30 s is the value while the processing rate is unknown, before any file has ended.
      const isKnown = seconds !== 30;
      if (isKnown) retryAfters.push(seconds);
      let retries = 0;
      for (; seconds > 0; retries += 1) {
        await delay(Math.min(seconds, 20) * 1000);
        seconds = await send([['a.jpg', image]]);
      }
      if (isKnown) mostRetries = Math.max(mostRetries, retries);
    }
    // The estimate uses the rate of the last minute. A machine may be slower in the next.
    expect(mostRetries).toBeLessThanOrEqual(3);
    for (const batchId of accepted) expect((await batchEnd(api.url, batchId)).status).toBe('completed');
    return `refused ${retryAfters.length} times with a \`Retry-After\` of ${Math.min(...retryAfters)} to ${Math.max(...retryAfters)} s; accepted on retry ${mostRetries} at the latest`;
  },
);

faultTest(
  'Less free disk space than `MIN_FREE_DISK`',
  '503 with `Retry-After` before the body is read; other requests are still served',
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
