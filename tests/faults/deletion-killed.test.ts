import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, upload } from '../support/client.ts';
import { fullFaultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

fullFaultTest(
  'API killed (`kill -9`) while it deletes batches, 10 times, and workers killed (`kill -9`) during cleanup jobs',
  'Each batch is either unchanged or deleted with all its files and jobs; a cleanup job finishes each deletion that has begun',
  async () => {
    const service = await ownService();
    const admin = new Redis(service.redis.url);
    onCleanup(() => admin.disconnect());
    const image = await jpeg(64, 64);
    const kills = sized(2, 10);
    let worker = await service.startWorker();
    let interrupted = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const api = await service.startApi();
      const batchIds: string[] = [];
      for (let index = 0; index < 20; index += 1) {
        batchIds.push(await upload(api.url, ['a.jpg', image], ['b.jpg', image]));
      }
      for (const batchId of batchIds) await batchEnd(api.url, batchId);
      const deletions = batchIds.map((batchId) =>
        fetch(`${api.url}/batches/${batchId}`, { method: 'DELETE' }).then(
          ({ status }) => status,
          () => 'interrupted',
        ),
      );
      await until(async () => (await admin.keys('{images}:removed:*')).length > kill * 20);
      await delay(kill * 2);
      await api.end('SIGKILL');
      interrupted += (await Promise.all(deletions)).filter((outcome) => outcome === 'interrupted').length;
    }
    const cleanupQueue = new Queue('sweeps', { connection: admin, prefix: '{images}' });
    onCleanup(() => cleanupQueue.close());
    for (let round = sized(1, 5); round >= 0; round -= 1) {
      // Backdate the deletions by two hours, so that the next cleanup job is their last one.
      for (const member of await admin.zrange('{images}:removing', '0', '-1')) {
        const aged = JSON.stringify({ ...JSON.parse(member), begunAt: Date.now() - 2 * 60 * 60_000 });
        await admin.multi().zrem('{images}:removing', member).zadd('{images}:removing', 0, aged).exec();
      }
      await cleanupQueue.add('sweep', {});
      if (round === 0) break;
      await delay(20);
      await worker.end('SIGKILL');
      worker = await service.startWorker();
    }
    await until(async () => (await admin.zcard('{images}:removing')) === 0);
    const deleted = (await admin.keys('{images}:removed:*')).map((key) => key.split(':').at(-1) ?? '');
    const [originals, results] = [await storedNames(service.uploadDir), await storedNames(service.processedDir)];
    for (const batchId of deleted) {
      expect([...originals, ...results].filter((name) => name.includes(batchId))).toEqual([]);
      expect(await admin.keys(`{images}:*:${batchId}*`)).toEqual([`{images}:removed:${batchId}`]);
    }
    expect(results).toHaveLength(2 * originals.length);
    expect(originals.length + deleted.length).toBe(kills * 20);
    return `${kills} kills, ${interrupted} deletions interrupted: ${deleted.length} batches deleted with all their data, ${originals.length} unchanged`;
  },
);
