import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { runCleanupJob } from '../support/cleanup-job.ts';
import { batchEnd, type File, post, upload } from '../support/client.ts';
import { fullFaultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { startLoad } from '../support/load.ts';
import { until } from '../support/processes.ts';
import { type RedisProxy, startRedisProxy } from '../support/redis-proxy.ts';
import { ownService } from '../support/service.ts';
import { expectNoHalfBatch, expectOneResultEach, finishedNames, storedNames } from '../support/whole.ts';

let service: Awaited<ReturnType<typeof ownService>>;
/** An API that is not killed. */
let other: { url: string };
let files: File[];

beforeAll(async () => {
  service = await ownService({ WORKER_CONCURRENCY: '1' });
  const photo = await jpeg(200, 150);
  files = [1, 2, 3].map((number): File => [`${number}.jpg`, photo]);
  [other] = await Promise.all([service.startApi(), service.startWorker()]);
});

/** Starts an API whose traffic with Redis a test controls, and lets it finish one batch. */
async function apiBehindProxy() {
  const proxy = await startRedisProxy(service.redis);
  const api = await service.startApi({ REDIS_URL: proxy.url });
  const first = await upload(api.url, ...files);
  await batchEnd(api.url, first);
  return { proxy, api, first };
}

/** The API writes a batch in one transaction, and uses transactions for nothing else. */
const beginsBatch = (chunk: Buffer) => /\r\nmulti\r\n/i.test(chunk.toString('latin1'));

/** Kills the API when Redis has run the transaction, before the API receives the response. */
function killBeforeResponse(proxy: RedisProxy, kill: () => void): void {
  let response: string | undefined;
  proxy.toRedis = (chunk) => {
    if (beginsBatch(chunk)) response = '';
    return 'pass';
  };
  proxy.fromRedis = (chunk) => {
    if (response === undefined) return 'pass';
    response += chunk.toString('latin1');
    // Redis sends `QUEUED` for each command, then an array with the results of the transaction.
    if (/QUEUED\r\n\*\d/.test(response)) kill();
    return 'hold';
  };
}

fullFaultTest(
  'API killed after it wrote the files and before it enqueued the batch',
  'The client gets no 202. Nothing of the upload is enqueued or processed. The cleanup job deletes its files, and no file of another batch',
  async () => {
    const { proxy, api, first } = await apiBehindProxy();
    proxy.toRedis = (chunk) => {
      if (!beginsBatch(chunk)) return 'pass';
      api.child.kill('SIGKILL');
      return 'hold';
    };
    await expect(post(api.url, files)).rejects.toThrow('fetch failed');
    expect(await finishedNames(service.uploadDir)).toHaveLength(2);
    const next = await upload(other.url, ...files);
    const batches = [await batchEnd(other.url, first), await batchEnd(other.url, next)];
    // As if so much time had passed that no API can still be storing them.
    const admin = new Redis(service.redis.url);
    onCleanup(() => admin.disconnect());
    for (const batchId of [first, next, ...(await admin.zrange('{images}:incoming', '0', '-1'))]) {
      await admin.zadd('{images}:incoming', 1, batchId);
    }
    await runCleanupJob(admin);
    expect(await storedNames(service.uploadDir)).toEqual([first, next].sort());
    expect((await expectNoHalfBatch(service.redis)).sort()).toEqual([first, next].sort());
    await expectOneResultEach(service.processedDir, batches);
    return 'no 202, no batch; 3 files deleted, 6 files of other batches kept';
  },
);

fullFaultTest(
  'API killed after it enqueued a batch and before it responded',
  'The client gets no 202. The batch has all its files and is completed',
  async () => {
    const { proxy, api, first } = await apiBehindProxy();
    const before = await expectNoHalfBatch(service.redis);
    killBeforeResponse(proxy, () => void api.child.kill('SIGKILL'));
    await expect(post(api.url, files)).rejects.toThrow('fetch failed');
    const batchIds = await expectNoHalfBatch(service.redis);
    expect(batchIds).toHaveLength(before.length + 1);
    const batches = await Promise.all(batchIds.map((batchId) => batchEnd(other.url, batchId)));
    expect(batchIds).toContain(first);
    expect(batches.map(({ status }) => status)).toEqual(batches.map(() => 'completed'));
    await expectOneResultEach(service.processedDir, batches);
    return `no 202; ${files.length} of ${files.length} files completed`;
  },
);

const KILLS = sized(1, 20);

fullFaultTest(
  'API killed under uploads of four clients, 20 times',
  'Every batch that was acknowledged is completed; nothing half-written is processed',
  async () => {
    let api = await service.startApi();
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
    // Including those that were enqueued, but whose API was killed before it responded.
    const batches = await Promise.all(batchIds.map((batchId) => batchEnd(api.url, batchId)));
    expect(batches.map(({ status }) => status)).toEqual(batches.map(() => 'completed'));
    await expectOneResultEach(service.processedDir, batches);
    return `${KILLS} kills, ${load.accepted.length} of ${load.accepted.length} acknowledged batches completed`;
  },
);
