import type { BatchResponse } from '../../src/api/views/status.ts';
import { batchEnd, type File } from '../support/client.ts';
import { defaultRedisTimeout } from '../support/environment.ts';
import { faultTest, fullFaultTest, sized } from '../support/fault.ts';
import { jpeg, slowImage } from '../support/images.ts';
import { startLoad } from '../support/load.ts';
import { type TestProcess, until } from '../support/processes.ts';
import type { TestRedis } from '../support/redis.ts';
import { ownService } from '../support/service.ts';
import { beginUpload } from '../support/slow-upload.ts';
import { expectNoHalfBatch } from '../support/whole.ts';

const failures = ({ files }: BatchResponse) => files.flatMap(({ failedReason }) => failedReason ?? []);
const ROUNDS = sized(1, 5);
/** The full size uses the defaults. */
const limits = sized({ SHUTDOWN_SECONDS: '3' }, {});

/** Ends a process by SIGTERM and returns the milliseconds that this took. */
async function timeToEnd({ end }: TestProcess): Promise<number> {
  const begun = Date.now();
  await end('SIGTERM');
  return Date.now() - begun;
}

/**
 * Ends both processes under load, during an upload and during an upload that waits for its results, and starts them again.
 *
 * @param breakRedis runs before the signals
 * @param restoreRedis runs before the next start
 * @param statuses that the two uploads may get
 * @param settings of the service
 */
async function endUnderLoad(
  breakRedis: (redis: TestRedis) => unknown,
  restoreRedis: (redis: TestRedis) => unknown,
  statuses: readonly number[],
  settings: Record<string, string> = {},
): Promise<string> {
  const service = await ownService({ ...limits, WORKER_CONCURRENCY: '1', JOB_TIMEOUT_SECONDS: '120', ...settings });
  const photo = await jpeg(400, 300);
  const slow = slowImage(5000);
  const accepted: string[] = [];
  let longestMs = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    // The API ends as soon as it has responded, but a slow machine needs time for that.
    const [api, worker] = await Promise.all([service.startApi({ SHUTDOWN_SECONDS: '20' }), service.startWorker()]);
    const load = startLoad(() => api.url, Array<File>(2).fill(['a.jpg', photo]), { pauseMs: 100 });
    await until(() => load.accepted.length > 5);
    const waiting = await beginUpload(api.url, [['slow.png', slow]], { Prefer: 'wait=60' });
    waiting.sendRest();
    const unfinished = await beginUpload(api.url, [['half.jpg', photo]]);
    unfinished.sendHalf();

    await breakRedis(service.redis);
    const ends = [timeToEnd(api), timeToEnd(worker)];
    await until(() => [api, worker].every(({ output }) => output().includes('shutting down')));
    unfinished.sendRest();
    for (const { status, body } of await Promise.all([waiting.response, unfinished.response])) {
      expect(statuses).toContain(status);
      if (status === 202) accepted.push(JSON.parse(body).batchId);
    }
    longestMs = Math.max(longestMs, ...(await Promise.all(ends)));
    await load.stop();
    accepted.push(...load.accepted);
    await restoreRedis(service.redis);
  }
  expect(longestMs).toBeLessThan(30_000);

  const [api] = await Promise.all([service.startApi(), service.startWorker()]);
  await expectNoHalfBatch(service.redis);
  for (const batchId of accepted) expect(failures(await batchEnd(api.url, batchId))).toEqual([]);
  return `both ended within ${(longestMs / 1000).toFixed(1)} s; ${accepted.length} of ${accepted.length} acknowledged batches completed`;
}

const promise = 'Running requests get a response, both processes end within 30 s, and no acknowledged upload is lost';

const nothing = () => {};

faultTest('SIGTERM to both processes under load', promise, () => endUnderLoad(nothing, nothing, [202]));

fullFaultTest('SIGTERM to both processes under load, with Redis stopped (`SIGSTOP`) or killed', promise, async () => {
  const stop = (redis: TestRedis) => redis.process().kill('SIGSTOP');
  const goOn = (redis: TestRedis) => redis.process().kill('SIGCONT');
  const kill = (redis: TestRedis) => redis.kill();
  const restart = (redis: TestRedis) => redis.restart();
  // At the same time, because both mostly wait.
  const [stopped, killed] = await Promise.all([
    endUnderLoad(stop, goOn, [202, 503], defaultRedisTimeout),
    endUnderLoad(kill, restart, [202, 503], defaultRedisTimeout),
  ]);
  return `stopped: ${stopped}; killed: ${killed}`;
});
