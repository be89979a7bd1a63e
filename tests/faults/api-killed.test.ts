import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { runCleanupJob } from '../support/cleanup-job.ts';
import { batchEnd, type File, post, upload } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { startLoad } from '../support/load.ts';
import { until } from '../support/processes.ts';
import { type RedisProxy, startRedisProxy } from '../support/redis-proxy.ts';
import { ownService } from '../support/service.ts';
import { expectNoHalfBatch, expectOneResultEach, finishedNames, storedNames } from '../support/whole.ts';

/** An API whose every word with Redis can be seen, a worker, and one batch that is done, so that all is warm. */
async function watchedService() {
  const service = await ownService({ WORKER_CONCURRENCY: '1' });
  const proxy = await startRedisProxy(service.redis);
  const api = await service.startApi({ REDIS_URL: proxy.url });
  await service.startWorker();
  const photo = await jpeg(200, 150);
  const files: File[] = [1, 2, 3].map((number) => [`${number}.jpg`, photo]);
  const first = await upload(api.url, ...files);
  await batchEnd(api.url, first);
  return { service, proxy, api, files, first };
}

/** The API writes a batch as one transaction, and uses none for anything else. */
const beginsBatch = (chunk: Buffer) => /\r\nmulti\r\n/i.test(chunk.toString('latin1'));

/** Kills the API when Redis has done the transaction, before the API hears of it. */
function killBeforeAnswer(proxy: RedisProxy, kill: () => void): void {
  let answer: string | undefined;
  proxy.toRedis = (chunk) => {
    if (beginsBatch(chunk)) answer = '';
    return 'pass';
  };
  proxy.fromRedis = (chunk) => {
    if (answer === undefined) return 'pass';
    answer += chunk.toString('latin1');
    // `QUEUED` is one line a command; the array is what the transaction returned.
    if (/QUEUED\r\n\*\d/.test(answer)) kill();
    return 'hold';
  };
}

faultTest(
  'API killed between the writing of the files and the enqueueing',
  'The client gets no 202, nothing of the upload is enqueued or processed, and its files are swept, live ones never',
  async () => {
    const { service, proxy, api, files, first } = await watchedService();
    proxy.toRedis = (chunk) => {
      if (!beginsBatch(chunk)) return 'pass';
      api.child.kill('SIGKILL');
      return 'hold';
    };
    await expect(post(api.url, files)).rejects.toThrow('fetch failed');
    const again = await service.startApi();
    expect(await finishedNames(service.uploadDir)).toHaveLength(2);
    const next = await upload(again.url, ...files);
    const batches = [await batchEnd(again.url, first), await batchEnd(again.url, next)];
    // As if the time had passed after which nobody can still be storing them.
    const admin = new Redis(service.redis.url);
    onCleanup(() => admin.disconnect());
    for (const batchId of [first, next, ...(await admin.zrange('{images}:incoming', '0', '-1'))]) {
      await admin.zadd('{images}:incoming', 1, batchId);
    }
    await runCleanupJob(admin);
    expect(await storedNames(service.uploadDir)).toEqual([first, next].sort());
    expect((await expectNoHalfBatch(service.redis)).sort()).toEqual([first, next].sort());
    await expectOneResultEach(service.processedDir, batches);
    return 'no 202, no batch; 3 files swept, 6 live ones not';
  },
);

faultTest(
  'API killed between the enqueueing and its answer',
  'The client gets no 202; the batch is whole and is processed to its end',
  async () => {
    const { service, proxy, api, files, first } = await watchedService();
    killBeforeAnswer(proxy, () => void api.child.kill('SIGKILL'));
    await expect(post(api.url, files)).rejects.toThrow('fetch failed');
    const again = await service.startApi();
    const batchIds = await expectNoHalfBatch(service.redis);
    expect(batchIds).toHaveLength(2);
    const batches = await Promise.all(batchIds.map((batchId) => batchEnd(again.url, batchId)));
    expect(batchIds).toContain(first);
    expect(batches.map(({ status }) => status)).toEqual(['completed', 'completed']);
    await expectOneResultEach(service.processedDir, batches);
    return `no 202; ${files.length} of ${files.length} files completed`;
  },
);

const KILLS = sized(2, 20);

faultTest(
  'API killed under uploads of four clients, 20 times',
  'Every batch that was acknowledged is completed; nothing half-written is processed',
  async () => {
    const service = await ownService({ WORKER_CONCURRENCY: '1' });
    await service.startWorker();
    const photo = await jpeg(200, 150);
    let api = await service.startApi();
    const files: File[] = [1, 2, 3].map((number) => [`${number}.jpg`, photo]);
    const load = startLoad(() => api.url, files, { pauseMs: 100 });
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = load.accepted.length;
      await until(() => load.accepted.length > before + 5);
      await api.end('SIGKILL');
      api = await service.startApi();
    }
    await load.stop();

    const batchIds = await expectNoHalfBatch(service.redis);
    expect(batchIds).toEqual(expect.arrayContaining(load.accepted));
    // Enqueued, but killed before its answer left: whole all the same.
    const batches = await Promise.all(batchIds.map((batchId) => batchEnd(api.url, batchId, 60_000)));
    expect(batches.map(({ status }) => status)).toEqual(batches.map(() => 'completed'));
    await expectOneResultEach(service.processedDir, batches);
    return `${KILLS} kills, ${load.accepted.length} of ${load.accepted.length} acknowledged batches completed`;
  },
);
