import { setTimeout as delay } from 'node:timers/promises';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { batchEnd, readBatch, upload } from '../support/client.ts';
import { forEachConcurrently } from '../support/concurrency.ts';
import { fullFaultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { startKillableService } from '../support/killable-service.ts';
import { until } from '../support/processes.ts';
import { seeded } from '../support/random.ts';
import { ownService } from '../support/service.ts';
import { finishedNames } from '../support/whole.ts';

const COUNT = sized(16, 200);
const KILLS = sized(1, 10);
fullFaultTest(
  '200 batches cancelled at random moments under load, by two APIs, while one of two workers is killed (`kill -9`) ten times',
  'Each file ends as completed, or as failed with `CANCELLED`; that never changes afterwards, and no result appears later',
  async () => {
    const service = await ownService({ WORKER_CONCURRENCY: '1' });
    const { apis, killers } = await startKillableService(service);
    const image = await jpeg(1000, 800);
    const choose = seeded(17);
    const begun = Date.now();
    await batchEnd(apis[0].url, await upload(apis[0].url, ['first.jpg', image]));
    /** A batch is cancelled before, while or after it is processed. */
    const maxDelayMs = 2 * (Date.now() - begun);
    const batchIds: string[] = [];
    const statuses = { 200: 0, 202: 0, 409: 0 };
    const cancelOne = async () => {
      const batchId = await upload(apis[0].url, ['a.jpg', image], ['b.jpg', image], ['c.jpg', image]);
      batchIds.push(batchId);
      await delay(choose(maxDelayMs));
      const response = await fetch(`${apis[choose(2) === 0 ? 0 : 1].url}/batches/${batchId}/cancel`, {
        method: 'POST',
      });
      expect([200, 202, 409]).toContain(response.status);
      statuses[response.status as keyof typeof statuses] += 1;
    };
    const killing = (async () => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        await until(() => batchIds.length > ((kill + 1) * COUNT) / (KILLS + 1));
        await killers[2 + (kill % 2)]?.();
      }
    })();
    await forEachConcurrently(4, Array.from({ length: COUNT }), cancelOne);
    await killing;

    const ended: BatchResponse[] = [];
    for (const batchId of batchIds) ended.push(await batchEnd(apis[0].url, batchId));
    const files = ended.flatMap((batch) => batch.files);
    const cancelled = files.filter(({ failure }) => failure?.code === 'CANCELLED');
    expect(files.filter(({ state }) => state === 'completed')).toHaveLength(files.length - cancelled.length);
    expect(cancelled.length).toBeGreaterThan(0);

    const results = await finishedNames(service.processedDir);
    // A worker that still had one of these jobs would be done by then: it would start its next image.
    const later = await upload(apis[1].url, ['d.jpg', image], ['e.jpg', image], ['f.jpg', image]);
    const laterBatch = await batchEnd(apis[1].url, later);
    expect(laterBatch.status).toBe('completed');
    for (const batch of ended) expect(await readBatch(apis[1].url, batch.batchId)).toEqual(batch);
    const laterResults = laterBatch.files.map(({ jobId }) => `processed-${jobId}.jpg`);
    expect(await finishedNames(service.processedDir)).toEqual([...results, ...laterResults].sort());
    // A worker may be killed after it has published a result and before its job has ended. Such a result cannot be fetched.
    for (const { jobId } of cancelled) {
      expect((await fetch(`${apis[0].url}/jobs/${jobId}/result`)).status).toBe(409);
    }
    const times = `${statuses[200]} times 200, ${statuses[202]} times 202, ${statuses[409]} times 409`;
    return `${times}: ${cancelled.length} of ${files.length} files cancelled, the others completed; nothing changed afterwards`;
  },
);
