import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, type File } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { startLoad } from '../support/load.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { expectNoHalfBatch, expectOneResultEach, finishedNames } from '../support/whole.ts';

const TIMES = sized(1, 20);

faultTest(
  'Redis reaches its memory limit while batches are enqueued, 20 times',
  '503 with `Retry-After`; no incomplete batch in Redis, no files of refused uploads; uploads are accepted again once there is memory',
  async () => {
    const service = await ownService({ WORKER_CONCURRENCY: '1' });
    const [api] = [await service.startApi(), await service.startWorker()];
    const admin = new Redis(service.redis.url);
    onCleanup(() => admin.disconnect());
    const photo = await jpeg(64, 64);
    const files: File[] = Array<File>(10).fill(['a.jpg', photo]);
    const load = startLoad(() => api.url, files, { pauseMs: 150 });
    for (let time = 0; time < TIMES; time += 1) {
      const before = load.accepted.length;
      await until(() => load.accepted.length > before + 2);
      const [, used] = /used_memory:(\d+)/.exec(await admin.info('memory')) ?? [];
      // Memory for a part of a batch, or for several batches.
      await admin.config('SET', 'maxmemory', String(Number(used) + time * 4096));
      const refusedBefore = load.refused.length;
      await until(() => load.refused.length > refusedBefore + 5);
      await expectNoHalfBatch(service.redis);
      await admin.config('SET', 'maxmemory', '0');
    }
    await load.stop();
    expect(load.unanswered()).toBe(0);
    for (const { status, retryAfter } of load.refused) expect([status, Number(retryAfter) > 0]).toEqual([503, true]);

    const batchIds = await expectNoHalfBatch(service.redis);
    expect(batchIds.sort()).toEqual([...load.accepted].sort());
    expect(await finishedNames(service.uploadDir)).toEqual([...load.accepted].sort());
    const batches = await Promise.all(batchIds.map((batchId) => batchEnd(api.url, batchId)));
    expect(batches.map(({ status }) => status)).toEqual(batches.map(() => 'completed'));
    await expectOneResultEach(service.processedDir, batches);
    return `${load.refused.length} uploads refused without a trace; ${batches.length} of ${batches.length} acknowledged batches completed`;
  },
);
