import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Measure, type Row, timed } from '../measure.ts';
import { end, start, startService } from '../processes.ts';
import { waitingBatch } from './status.ts';

/** Milliseconds that every image takes. */
const WORK_MS = 50;
/** Seconds that each number of workers is kept busy, about. */
const SECONDS = 5;

export const workers: Measure = {
  title: `Images a second with more workers, each image taking ${WORK_MS} ms of sleep`,
  opponent:
    "as many times what one worker could do if nothing but the work took time. It sleeps in place of working, so that two cores can show what the queue allows many machines. The workers take jobs by BullMQ's own loop, without a child.",
  ratio: 'share of the ideal',
  async run({ isQuick, folder, say }) {
    const service = await startService(join(folder, 'workers'));
    const rows: Row[] = [];
    for (const count of isQuick ? [1, 4] : [1, 2, 4, 8, 16]) {
      say(`${count} at once`);
      const ideal = (count * 1000) / WORK_MS;
      const jobs = ideal * SECONDS;
      const completed = () => service.redis.zcard('{images}:images:completed');
      const before = await completed();
      while ((await service.redis.zcard('{images}:images:prioritized')) < jobs) await waitingBatch(service);
      const env = { REDIS_URL: `redis://127.0.0.1:${service.redis.options.port}` };
      const sleepers = await Promise.all(
        Array.from({ length: count }, () => start('bench/sleeper.ts', env, [String(WORK_MS)])),
      );
      const ms = await timed(async () => {
        for (const { child } of sleepers) child.send('begin');
        while ((await completed()) < before + jobs) await delay(20);
      });
      await Promise.all(sleepers.map(({ child }) => end(child)));
      await service.redis.del('{images}:images:prioritized');
      const rate = (jobs * 1000) / ms;
      rows.push({ what: `${count} workers`, unit: 'images/s', ours: rate, theirs: ideal, ratio: rate / ideal });
    }
    await service.stop();
    return rows;
  },
};
