import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { batchEnd, upload } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

faultTest(
  'The API killed (-9) in the middle of removing batches, 10 times, with workers killed (-9) while they sweep',
  'each batch is there whole or gone whole, files and jobs; what was begun is finished by itself',
  async () => {
    const service = await ownService();
    const admin = new Redis(service.redis.url);
    onCleanup(() => admin.disconnect());
    const image = await jpeg(64, 64);
    const kills = sized(2, 10);
    let worker = await service.startWorker();
    let halfway = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const api = await service.startApi();
      const batchIds: string[] = [];
      for (let index = 0; index < 20; index += 1) {
        batchIds.push(await upload(api.url, ['a.jpg', image], ['b.jpg', image]));
      }
      for (const batchId of batchIds) await batchEnd(api.url, batchId);
      const removals = batchIds.map((batchId) =>
        fetch(`${api.url}/batches/${batchId}`, { method: 'DELETE' }).then(
          ({ status }) => status,
          () => 'cut off',
        ),
      );
      await until(async () => (await admin.keys('{images}:removed:*')).length > kill * 20);
      await delay(kill * 2);
      await api.end('SIGKILL');
      halfway += (await Promise.all(removals)).filter((outcome) => outcome === 'cut off').length;
    }
    const sweeps = new Queue('sweeps', { connection: admin, prefix: '{images}' });
    onCleanup(() => sweeps.close());
    for (let round = sized(1, 5); round >= 0; round -= 1) {
      // As if the hour had passed after which is looked for the last time.
      for (const member of await admin.zrange('{images}:removing', '0', '-1')) {
        const aged = JSON.stringify({ ...JSON.parse(member), begunAt: Date.now() - 2 * 60 * 60_000 });
        await admin.multi().zrem('{images}:removing', member).zadd('{images}:removing', 0, aged).exec();
      }
      await sweeps.add('sweep', {});
      if (round === 0) break;
      await delay(20);
      await worker.end('SIGKILL');
      worker = await service.startWorker();
    }
    await until(async () => (await admin.zcard('{images}:removing')) === 0, 60_000);
    const removed = (await admin.keys('{images}:removed:*')).map((key) => key.split(':').at(-1) ?? '');
    const [originals, results] = [await storedNames(service.uploadDir), await storedNames(service.processedDir)];
    for (const batchId of removed) {
      expect([...originals, ...results].filter((name) => name.includes(batchId))).toEqual([]);
      expect(await admin.keys(`{images}:*:${batchId}*`)).toEqual([`{images}:removed:${batchId}`]);
    }
    expect(results).toHaveLength(2 * originals.length);
    expect(originals.length + removed.length).toBe(kills * 20);
    return `${kills} kills, ${halfway} removals cut off: ${removed.length} batches gone whole, ${originals.length} there whole`;
  },
);
