import { setTimeout as delay } from 'node:timers/promises';
import { batchEnd, type File, post, upload } from '../support/client.ts';
import { defaultRedisTimeout } from '../support/environment.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { quickest, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

const AWAY_MS = sized(3000, 30_000);
/** Milliseconds after Redis is available again. The best try counts, since other load on the machine only makes a try slower. */
/** The full size measures it on a machine without other load. */
const LIMIT_MS = sized(60_000, 2000);
const MOST_TRIES = 3;
const SOME_BATCH = '3f2b8c1e-5a4d-4e6f-8a7b-9c0d1e2f3a4b';
const inSeconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

/** Expects timely refusals while Redis is unavailable. Returns the duration of the slowest in milliseconds. */
async function expectRefusals(api: string, files: readonly File[]): Promise<number> {
  let slowestMs = 0;
  const expectStatus = async (send: () => Promise<Response>, expected: number) => {
    const ms = await quickest(1000, async () => {
      const response = await send();
      await response.arrayBuffer();
      expect(response.status).toBe(expected);
      if (expected === 503) expect(response.headers.get('Retry-After')).toMatch(/^\d+$/);
    });
    slowestMs = Math.max(slowestMs, ms);
  };
  for (const end = Date.now() + AWAY_MS; Date.now() < end; await delay(100)) {
    for (const send of [
      () => post(api, files),
      () => fetch(`${api}/batches/${SOME_BATCH}`),
      () => fetch(`${api}/readyz`),
    ])
      await expectStatus(send, 503);
    await expectStatus(() => fetch(`${api}/healthz`), 200);
  }
  expect(slowestMs).toBeLessThan(1000);
  return slowestMs;
}

/** Uploads until one is accepted, and waits for its end. Returns the milliseconds until both events. */
async function timeToNormal(api: string, files: readonly File[]) {
  const begun = Date.now();
  const batchId = await until(() => upload(api, ...files).catch(() => undefined));
  const acceptedMs = Date.now() - begun;
  expect((await batchEnd(api, batchId)).status).toBe('completed');
  return { acceptedMs, processedMs: Date.now() - begun };
}

faultTest(
  'Redis stopped (`SIGSTOP`) for 30 s',
  '503 with `Retry-After` within 1 s, `/healthz` 200; an upload is accepted and processed within 2 s after Redis resumes',
  async () => {
    const service = await ownService({ WORKER_CONCURRENCY: '1', ...defaultRedisTimeout });
    const [api] = [await service.startApi(), await service.startWorker()];
    const files: File[] = [['a.jpg', await jpeg(64, 64)]];
    await batchEnd(api.url, await upload(api.url, ...files));
    let [slowestMs, processedMs] = [0, Number.POSITIVE_INFINITY];
    for (let tries = 0; tries < MOST_TRIES && processedMs >= LIMIT_MS; tries += 1) {
      service.redis.process().kill('SIGSTOP');
      slowestMs = Math.max(slowestMs, await expectRefusals(api.url, files));
      service.redis.process().kill('SIGCONT');
      ({ processedMs } = await timeToNormal(api.url, files));
    }
    expect(processedMs).toBeLessThan(LIMIT_MS);
    return `slowest refusal ${inSeconds(slowestMs)}; processed after ${inSeconds(processedMs)}`;
  },
);

faultTest(
  'Redis down for 30 s when both processes start',
  '503 with `Retry-After` within 1 s, `/healthz` 200; an upload is accepted within 2 s after Redis starts, and is processed',
  async () => {
    const files: File[] = [['a.jpg', await jpeg(64, 64)]];
    let [slowestMs, acceptedMs, processedMs] = [0, Number.POSITIVE_INFINITY, 0];
    for (let tries = 0; tries < MOST_TRIES && acceptedMs >= LIMIT_MS; tries += 1) {
      const service = await ownService({ WORKER_CONCURRENCY: '1', ...defaultRedisTimeout });
      await service.redis.kill();
      // Not awaited: the worker is ready only once it has connected to Redis.
      const [api, worker] = [await service.startApi(), service.startWorker()];
      slowestMs = Math.max(slowestMs, await expectRefusals(api.url, files));
      await service.redis.restart();
      // Only the acceptance is limited in time, since the first image also waits for the worker, which is still starting.
      ({ acceptedMs, processedMs } = await timeToNormal(api.url, files));
      await worker;
    }
    expect(acceptedMs).toBeLessThan(LIMIT_MS);
    return `slowest refusal ${inSeconds(slowestMs)}; accepted after ${inSeconds(acceptedMs)}, processed after ${inSeconds(processedMs)}`;
  },
);
