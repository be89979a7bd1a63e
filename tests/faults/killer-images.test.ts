import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, type File, readJob, upload } from '../support/client.ts';
import { holdChild, imageChildren } from '../support/descendants.ts';
import { faultTest } from '../support/fault.ts';
import { allowSlowImages, jpeg, slowImage, VERY_SLOW } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

/** Makes the processing of an image fail. Not needed for an image that fails on its own. */
type InjectFault = (job: { jobId: string; api: string; worker: TestProcess; redis: Redis }) => Promise<void>;

/**
 * Milliseconds within which the slot of a dead child must be free, on any machine. It is less than the 10 s after which the
 * worker times out a silent child, since that would also free the slot.
 */
const SLOT_FREE_MS = 8000;

/** Reads from the worker's log when it began an image, in milliseconds since 1970. */
function beganAt(worker: TestProcess, jobId: string): number {
  const line = worker
    .output()
    .split('\n')
    .find((text) => text.includes('"image begun"') && text.includes(jobId));
  return Date.parse(JSON.parse(line ?? '{}').time);
}

/**
 * Uploads a killer image between small images, of its own batch and of other batches, to a worker with one slot. Expects only
 * the killer to fail.
 *
 * @param limitMs milliseconds after which the killer must be terminated
 * @returns the measurement as text
 */
async function processAmongOthers(
  settings: Record<string, string>,
  { code, reason, limitMs = 30_000 }: { code: string; reason: string; limitMs?: number },
  injectFault?: InjectFault,
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
  await injectFault?.({ jobId, api: api.url, worker, redis });

  const batch = await batchEnd(api.url, batchId);
  const outcome = batch.files.map(({ state, failedReason }) => [state, failedReason]);
  expect(outcome).toEqual([
    ['completed', null],
    ['failed', reason],
    ['completed', null],
  ]);
  expect(batch.files[1]?.failure).toEqual({ code, message: reason });
  for (const other of [before, after]) expect((await batchEnd(api.url, other)).status).toBe('completed');

  const failedAt = Number(await redis.hget(`{images}:images:${jobId}`, 'finishedOn'));
  // The worker takes jobs ahead of time, so only its log says when an image begins. The other images may have run between
  // two attempts at the killer.
  const tookMs = failedAt - beganAt(worker, jobId);
  expect(tookMs).toBeLessThan(limitMs + SLOT_FREE_MS);
  const others = [`${batchId}-2`, `${after}-0`].map((job) => beganAt(worker, job));
  const freeMs = Math.max(0, Math.min(...others) - failedAt);
  expect(freeMs).toBeLessThan(SLOT_FREE_MS);
  const took = (tookMs / 1000).toFixed(1);
  return `failed after ${took} s, 6 of 6 other files completed; the next image started ${freeMs} ms later`;
}

const promise =
  'Only that job fails, with a reason; the files before and after it complete; the next image starts within 8 s';

faultTest('An image that crashes the decoder on every attempt (`SIGSEGV`)', promise, () =>
  processAmongOthers(
    {},
    { code: 'PROCESS_CRASHED', reason: 'the process that worked on this image was ended by SIGSEGV' },
    async ({ jobId, api, worker, redis }) => {
      for (const next of ['waiting', 'waiting', 'failed']) {
        await until(async () => (await readJob(api, jobId)).progress === 10);
        process.kill(imageChildren(worker.child.pid)[0] ?? Number.NaN, 'SIGSEGV');
        await until(async () => (await readJob(api, jobId)).state === next);
        // Reset the progress, so that the next loop waits for the next attempt's child.
        await redis.hset(`{images}:images:${jobId}`, 'progress', '0');
      }
    },
  ),
);

faultTest('An image whose processing does not end', promise, () =>
  processAmongOthers(
    { JOB_TIMEOUT_SECONDS: '3' },
    { code: 'TIMEOUT', reason: 'took longer than the time limit', limitMs: 3000 },
    ({ jobId, api, worker }) => holdChild(worker, { api, jobId, forMs: 3000 }),
  ),
);

faultTest('An image that needs gigabytes of memory', promise, () =>
  processAmongOthers({ JOB_MEMORY_MB: '256' }, { code: 'OUT_OF_MEMORY', reason: 'needed more memory than the limit' }),
);
