import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { batchEnd, readJob, upload } from '../support/client.ts';
import { holdNextImage } from '../support/descendants.ts';
import { fullFaultTest, sized } from '../support/fault.ts';
import { jpeg, slowImage } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { expectOneResultEach } from '../support/whole.ts';

/** Minimum time for which the worker is stopped, in milliseconds. */
const STOPPED_MS = sized(0, 60_000);

/** Counts the `completed` events of a job. */
async function countCompletions(redisUrl: string, jobId: string): Promise<number> {
  const redis = new Redis(redisUrl);
  const events = await redis.xrange('{images}:images:events', '-', '+');
  redis.disconnect();
  return events.filter(([, fields]) => fields.includes('completed') && fields.includes(jobId)).length;
}

/**
 * Stops a worker in the middle of a job, lets another worker process that job, and resumes the first.
 *
 * @param withChildren whether the child that processes the image is stopped too
 */
async function stopInTheMiddle(withChildren: boolean): Promise<void> {
  const service = await ownService({ JOB_TIMEOUT_SECONDS: '120', WORKER_CONCURRENCY: '1' });
  const [api, first] = [await service.startApi(), await service.startWorker()];
  const releaseChild = await holdNextImage(first, api.url);
  const batchId = await upload(api.url, ['slow.png', slowImage(4000)]);
  const jobId = `${batchId}-0`;
  await until(async () => (await readJob(api.url, jobId)).state === 'active');
  first.child.kill('SIGSTOP');
  const stopped = delay(STOPPED_MS);
  if (!withChildren) releaseChild();
  const second = await service.startWorker();
  await until(() => second.output().includes('continuing the job of a worker that died'));
  await stopped;
  first.child.kill('SIGCONT');
  releaseChild();

  const batch = await batchEnd(api.url, batchId);
  expect(batch.status).toBe('completed');
  // The stopped worker finishes the job too. Its result must be ignored.
  await second.end('SIGTERM');
  const next = await upload(api.url, ['next.jpg', await jpeg(64, 64)]);
  const batches = [batch, await batchEnd(api.url, next)];
  // The worker may write the log line after it has stored the result.
  await until(() => new RegExp(`"jobId":"${next}-0".*"image processed"`).test(first.output()));
  await expectOneResultEach(service.processedDir, batches);
  expect(await countCompletions(service.redis.url, jobId)).toBe(1);
  await first.end('SIGTERM');
}

fullFaultTest(
  'A worker stopped (`SIGSTOP`) for 60 s in the middle of a job, with and without its children, while another worker runs',
  'The job completes once, with one complete result; the stopped worker then processes other jobs',
  async () => {
    // Both cases run at the same time, since they mostly wait.
    await Promise.all([stopInTheMiddle(true), stopInTheMiddle(false)]);
    return 'completed once, by the other worker, in both cases; the stopped worker processed the next job';
  },
);
