import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { v4 as uuid } from 'uuid';
import { photo } from '../images.ts';
import { type Measure, median, type Row } from '../measure.ts';
import { end, type Service, start, startService } from '../processes.ts';

const FILES = 10;

/** Enqueues batches without the API. All originals are links to one file, so that no writes to the disk are pending. */
async function enqueue({ queue, folders }: Service, batches: number, original: string): Promise<void> {
  for (let batch = 0; batch < batches; batch += 1) {
    const batchId = uuid();
    const folder = join(folders.uploads, batchId);
    const files = Array.from({ length: FILES }, () => ({ originalName: 'photo.jpg', format: 'jpeg' as const }));
    const sender = { id: 'bench', owner: undefined };
    const announced = await queue.announceBatch({ batchId, files, outputs: [{ options: {} }], sender });
    await mkdir(folder, { recursive: true });
    for (const index of files.keys()) await link(original, join(folder, String(index)));
    await queue.addBatch(announced);
  }
}

export const drainRate: Measure = {
  title: 'Jobs processed per second from a backlog, JPEG of 0.8 MB',
  baseline:
    'the same pipeline in a loop without a queue, in as many processes: reading, processing, storing durably. The difference to 1 is the cost of the queue.',
  ratio: 'share of the loop without a queue',
  async run({ isQuick, folder, say }) {
    const rows: Row[] = [];
    const original = join(folder, 'original');
    await writeFile(original, await photo());
    const jobs = isQuick ? 40 : 200;
    for (const concurrency of [1, 2]) {
      const service = await startService(join(folder, `drain-${concurrency}`));
      const loops: ChildProcess[] = [];
      for (let index = 0; index < concurrency; index += 1) {
        const args = [original, join(folder, 'loop'), String(index)];
        loops.push((await start('bench/baselines/queueless-loop.ts', {}, args)).child);
      }
      const rates: number[][] = [[], []];
      const queue = new Queue('images', { connection: service.redis, prefix: '{images}' });
      await queue.pause();
      await service.startWorker(concurrency);
      for (let round = -1; round < (isQuick ? 2 : 5); round += 1) {
        say(`${concurrency} at once, round ${round + 1}`);
        await enqueue(service, jobs / FILES, original);
        const before = await service.redis.zcard('{images}:images:completed');
        const begun = performance.now();
        await queue.resume();
        while ((await service.redis.zcard('{images}:images:completed')) < before + jobs) await delay(2);
        const ours = performance.now() - begun;
        await queue.pause();

        const begin = performance.now();
        for (const loop of loops) loop.send(jobs / concurrency);
        await Promise.all(loops.map((loop) => once(loop, 'message')));
        const theirs = performance.now() - begin;
        if (round < 0) continue;
        rates[0]?.push((jobs * 1000) / ours);
        rates[1]?.push((jobs * 1000) / theirs);
      }
      await Promise.all([service.stop(), ...loops.map(end)]);
      const [our = 0, their = 0] = rates.map(median);
      rows.push({
        what: `${concurrency} at once`,
        unit: 'jobs/s',
        ours: our,
        theirs: their,
        ratio: our / their,
        atLeast: 0.95,
      });
    }
    return rows;
  },
};
