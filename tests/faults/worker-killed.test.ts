import { setTimeout as delay } from 'node:timers/promises';
import { batchEnd, type File, upload } from '../support/client.ts';
import { fullFaultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { expectOneResultEach } from '../support/whole.ts';

const KILLS = sized(2, 50);
const BATCHES_A_KILL = 2;

fullFaultTest(
  'Worker killed (`kill -9`) in the middle of its batches, 50 times',
  'Every file ends with exactly one complete result; processing resumes within 20 s of each kill',
  async () => {
    const service = await ownService({ WORKER_CONCURRENCY: '2' });
    const api = await service.startApi();
    const photo = await jpeg(1600, 1200);
    const batchIds: string[] = [];
    const addBacklog = async () => {
      for (let batch = 0; batch < BATCHES_A_KILL; batch += 1)
        batchIds.push(await upload(api.url, ...Array<File>(10).fill(['a.jpg', photo])));
    };

    await addBacklog();
    await addBacklog();
    let worker = await service.startWorker();
    const countProcessed = () => worker.output().match(/"msg":"image processed"/g)?.length ?? 0;
    let longestMs = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      await until(() => countProcessed() > kill % 12);
      // Somewhere in the middle of an image, at a different point each time.
      await delay((kill * 37) % 100);
      await worker.end('SIGKILL');
      const killedAt = Date.now();
      // A fast worker may have processed the whole backlog.
      await addBacklog();
      worker = await service.startWorker();
      await until(countProcessed);
      longestMs = Math.max(longestMs, Date.now() - killedAt);
    }
    expect(longestMs).toBeLessThan(sized(60_000, 20_000));

    const batches = await Promise.all(batchIds.map((batchId) => batchEnd(api.url, batchId)));
    expect(batches.map(({ status }) => status)).toEqual(batches.map(() => 'completed'));
    await expectOneResultEach(service.processedDir, batches);
    const files = batches.length * 10;
    return `${KILLS} kills, ${files} of ${files} files completed; at most ${(longestMs / 1000).toFixed(1)} s to the next result`;
  },
  900_000,
);
