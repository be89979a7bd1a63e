import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { runCleanupJob } from '../support/cleanup-job.ts';
import { batchEnd, upload } from '../support/client.ts';
import { damages } from '../support/damaged-jobs.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

faultTest(
  'Stored data that this version cannot read: broken JSON, unknown shapes, a total of a million, missing jobs',
  '500 for that batch only; its `DELETE` returns 204, retention deletes it with its files; every other batch completes and is served',
  async () => {
    const service = await ownService({ RETENTION_HOURS: '0.5' });
    const [api, admin] = [await service.startApi(), new Redis(service.redis.url)];
    onCleanup(() => admin.disconnect());
    const image = await jpeg(64, 64);
    const uploadTwo = () => upload(api.url, ['a.jpg', image], ['b.jpg', image]);
    const statusOf = async (batchId: string, init?: RequestInit) =>
      (await fetch(`${api.url}/batches/${batchId}`, init)).status;
    const [broken, whole]: [string[], string[]] = [[], []];
    const damageAll = async (kinds: [string, (typeof damages)[string]][], isEnded: boolean) => {
      for (const [, damage] of kinds) {
        const [batchId, neighbour] = [await uploadTwo(), await uploadTwo()];
        if (isEnded) await until(() => admin.zscore('{images}:batches:completed', batchId));
        await damage(admin, batchId);
        broken.push(batchId);
        whole.push(neighbour);
      }
    };
    const kinds = Object.entries(damages);
    // A waiting job has no result yet, so only damaged data can be tested before the worker starts.
    const ofWaiting = kinds.filter(([name]) => / data | total /.test(`${name} `));
    await damageAll(ofWaiting, false);
    await service.startWorker();
    for (let round = 0; round < sized(1, 20); round += 1) await damageAll(kinds, true);

    for (const batchId of whole) expect((await batchEnd(api.url, batchId)).status).toBe('completed');
    await until(async () => (await admin.zcard('{images}:batches:completed')) === broken.length + whole.length);
    for (const batchId of broken) expect(await statusOf(batchId)).toBe(500);
    const deleted = broken.filter((_, index) => index % 2 === 0);
    for (const batchId of deleted) expect(await statusOf(batchId, { method: 'DELETE' })).toBe(204);
    // Backdate these batches, so that retention expires them.
    const expired = broken.filter((batchId) => !deleted.includes(batchId));
    for (const batchId of expired) await admin.zadd('{images}:batches:completed', 1, batchId);
    await runCleanupJob(admin);
    for (const batchId of broken) expect(await statusOf(batchId)).toBe(410);
    for (const batchId of whole) expect(await statusOf(batchId)).toBe(200);
    expect((await storedNames(service.uploadDir)).sort()).toEqual([...whole].sort());
    expect(await storedNames(service.processedDir)).toHaveLength(2 * whole.length);
    return `${broken.length} batches broken: ${deleted.length} deleted, ${expired.length} expired; ${whole.length} of ${whole.length} others completed`;
  },
);
