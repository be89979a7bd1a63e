import { createHash } from 'node:crypto';
import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import { enqueue, newBatch, testQueueClient } from '../support/app.ts';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { form, readBatch } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

const hash = (key: string) => createHash('sha256').update(key).digest('hex');

faultTest(
  'One client with 10,000 waiting files, and 20 clients with one file each',
  'Each of the 20 files waits for at most 5 other files, never for the 10,000',
  async () => {
    const clients = Array.from({ length: 20 }, (_, index) => `client${index}`);
    const keys = clients.map((name) => `${name}:${hash(name)}`).join(',');
    const service = await ownService({ API_KEYS: keys, WORKER_CONCURRENCY: '1' });
    const queue = await testQueueClient(service.redis);
    const admin = new Redis(service.redis.url);
    onCleanup(() => admin.disconnect());
    const backlog = sized(1000, 10_000);
    const image = await jpeg(64, 64);
    const original = join(await temporaryFolder(), 'original');
    await writeFile(original, image);
    const names = Array<string>(10).fill('a.jpg');
    const countWaiting = () => admin.zcard('{images}:images:prioritized');
    /** Refills the backlog, so that a fast worker does not empty it. */
    const fillBacklog = async () => {
      for (let waiting = await countWaiting(); waiting < backlog; waiting += 10) {
        const batch = { ...newBatch(uuid(), ...names), sender: { id: 'key:hog', owner: 'hog' } };
        const folder = join(service.uploadDir, batch.batchId);
        await mkdir(folder);
        await Promise.all(names.map((_, index) => link(original, join(folder, String(index)))));
        await enqueue(queue, batch);
      }
    };
    await fillBacklog();
    const api = await service.startApi();
    await service.startWorker();
    await until(async () => (await admin.zcard('{images}:images:completed')) > 10);
    const waited: number[] = [];
    for (const client of clients) {
      await fillBacklog();
      const headers = { Authorization: `Bearer ${client}` };
      const body = form([['a.jpg', image]]);
      const response = await fetch(`${api.url}/process-images`, { method: 'POST', body, headers });
      const since = Date.now();
      const { batchId } = (await response.json()) as { batchId: string };
      await until(async () => (await readBatch(api.url, batchId, { headers })).status === 'completed');
      const begun = Number(await admin.hget(`{images}:images:${batchId}-0`, 'processedOn'));
      waited.push(await admin.zcount('{images}:images:completed', since, Math.max(since, begun)));
      expect(await countWaiting()).toBeGreaterThan(backlog / 4);
    }
    // The limit leaves a margin: the count includes the file itself if it ends in the millisecond in which it begins.
    expect(Math.max(...waited)).toBeLessThanOrEqual(5);
    return `${clients.length} single files behind ${backlog}: each waited for ${Math.min(...waited)} to ${Math.max(...waited)} others`;
  },
);
