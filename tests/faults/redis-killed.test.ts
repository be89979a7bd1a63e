import { setTimeout as delay } from 'node:timers/promises';
import { batchEnd, type File } from '../support/client.ts';
import { fullFaultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { startLoad } from '../support/load.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { expectNoHalfBatch } from '../support/whole.ts';

const KILLS = sized(2, 10);

fullFaultTest(
  'Redis killed (`kill -9`) under load, ten times',
  'Every acknowledged batch completes with all its files; no batch in Redis is ever incomplete',
  async () => {
    const service = await ownService({ WORKER_CONCURRENCY: '1' });
    const [api] = [await service.startApi(), await service.startWorker()];
    const photo = await jpeg(200, 150);
    const files: File[] = ['a.jpg', 'b.jpg', 'c.jpg'].map((name) => [name, photo]);
    const load = startLoad(() => api.url, files, { pauseMs: 100 });
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = load.accepted.length;
      await until(() => load.accepted.length > before + 10);
      await delay((kill * 37) % 100);
      await service.redis.kill();
      await service.redis.restart();
      await expectNoHalfBatch(service.redis);
    }
    await until(async () => (await fetch(`${api.url}/readyz`)).ok);
    await load.stop();
    expect(load.unanswered()).toBe(0);

    await expectNoHalfBatch(service.redis);
    const batches = await Promise.all(load.accepted.map((batchId) => batchEnd(api.url, batchId)));
    expect(batches.map(({ status, files: { length } }) => `${status} ${length}`)).toEqual(
      batches.map(() => `completed ${files.length}`),
    );
    return `${KILLS} kills, ${batches.length} of ${batches.length} acknowledged batches completed, ${load.refused.length} uploads refused`;
  },
);
