import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, type File, readJob, upload } from '../support/client.ts';
import { holdChild, imageChildren } from '../support/descendants.ts';
import { faultTest } from '../support/fault.ts';
import { allowSlowImages, jpeg, slowImage, VERY_SLOW } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

/** Hurts the image, whose job is known; what happens by itself needs nothing. */
type Hurt = (job: { jobId: string; api: string; worker: TestProcess; redis: Redis }) => Promise<void>;

/**
 * Milliseconds in which the slot of a child that died must be free, on any machine: less than the 10 s after which the worker
 * gives up a silent child, which would free the slot as well.
 */
const SLOT_FREE_MS = 8000;

/** When a worker began an image, in milliseconds since 1970. */
function begunAt(worker: TestProcess, jobId: string): number {
  const line = worker
    .output()
    .split('\n')
    .find((text) => text.includes('"image begun"') && text.includes(jobId));
  return Date.parse(JSON.parse(line ?? '{}').time);
}

/**
 * Uploads a killer between neighbours, in its own batch and in others, to a worker with one slot.
 *
 * @param limitMs milliseconds after which the killer must be ended
 * @returns in words how soon the slot was free for the next image
 */
async function amongNeighbours(
  settings: Record<string, string>,
  { reason, limitMs = 30_000 }: { reason: string; limitMs?: number },
  hurt?: Hurt,
): Promise<string> {
  const service = await ownService({ ...allowSlowImages, ...settings, WORKER_CONCURRENCY: '1', LOG_LEVEL: 'debug' });
  const [api, worker] = [await service.startApi(), await service.startWorker()];
  const redis = new Redis(service.redis.url);
  onCleanup(() => redis.disconnect());
  const small: File = ['small.jpg', await jpeg(64, 64)];
  const before = await upload(api.url, small, small);
  const batchId = await upload(api.url, small, ['killer.png', slowImage(VERY_SLOW)], small);
  const after = await upload(api.url, small, small);
  const jobId = `${batchId}-1`;
  await hurt?.({ jobId, api: api.url, worker, redis });

  const batch = await batchEnd(api.url, batchId);
  const outcome = batch.files.map(({ state, failedReason }) => [state, failedReason]);
  expect(outcome).toEqual([
    ['completed', null],
    ['failed', reason],
    ['completed', null],
  ]);
  for (const neighbour of [before, after]) expect((await batchEnd(api.url, neighbour)).status).toBe('completed');

  const failedAt = Number(await redis.hget(`{images}:images:${jobId}`, 'finishedOn'));
  // The worker takes jobs ahead of time, so only its log says when an image begins. The neighbours may have run between
  // two attempts at the killer.
  const tookMs = failedAt - begunAt(worker, jobId);
  expect(tookMs).toBeLessThan(limitMs + SLOT_FREE_MS);
  const others = [`${batchId}-2`, `${after}-0`].map((job) => begunAt(worker, job));
  const freeMs = Math.max(0, Math.min(...others) - failedAt);
  expect(freeMs).toBeLessThan(SLOT_FREE_MS);
  const took = (tookMs / 1000).toFixed(1);
  return `failed alone after ${took} s, 6 of 6 neighbours completed; the next image was begun ${freeMs} ms later`;
}

const promise =
  'That job alone fails, with a reason; its neighbours are completed; the next image does not wait for the silence limit';

faultTest('An image that crashes the decoder each time (`SIGSEGV`)', promise, () =>
  amongNeighbours(
    {},
    { reason: 'the process that worked on this image was ended by SIGSEGV' },
    async ({ jobId, api, worker, redis }) => {
      for (const next of ['waiting', 'waiting', 'failed']) {
        await until(async () => (await readJob(api, jobId)).progress === 10);
        process.kill(imageChildren(worker.child.pid)[0] ?? Number.NaN, 'SIGSEGV');
        await until(async () => (await readJob(api, jobId)).state === next);
        // Only the next attempt's progress counts: by then its child has told its worker that it is there.
        await redis.hset(`{images}:images:${jobId}`, 'progress', '0');
      }
    },
  ),
);

faultTest('An image that does not come to an end', promise, () =>
  amongNeighbours(
    { JOB_TIMEOUT_SECONDS: '3' },
    { reason: 'took longer than the time limit', limitMs: 3000 },
    ({ jobId, api, worker }) => holdChild(worker, { api, jobId, forMs: 3000 }),
  ),
);

faultTest('An image that takes gigabytes', promise, () =>
  amongNeighbours({ JOB_MEMORY_MB: '256' }, { reason: 'needed more memory than the limit' }),
);
