import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Measure, type Row, timed } from '../measure.ts';
import { end, start, startService } from '../processes.ts';
import { waitingBatch } from './status.ts';

/** Duration of each image in milliseconds. */
const WORK_MS = 50;
/** Approximate duration of each round in seconds. */
const SECONDS = 5;

export const workers: Measure = {
  title: `Images per second with more workers, each image taking ${WORK_MS} ms of sleep`,
  baseline:
    'the number of workers times the rate of one worker without any overhead. The workers sleep instead of processing, so that two cores can show the limit of the queue with many machines. They run without child processes.',
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
      const sleepingWorkers = await Promise.all(
        Array.from({ length: count }, () => start('bench/sleeping-worker.ts', env, [String(WORK_MS)])),
      );
      const ms = await timed(async () => {
        for (const { child } of sleepingWorkers) child.send('begin');
        while ((await completed()) < before + jobs) await delay(20);
      });
      await Promise.all(sleepingWorkers.map(({ child }) => end(child)));
      await service.redis.del('{images}:images:prioritized');
      const rate = (jobs * 1000) / ms;
      rows.push({ what: `${count} workers`, unit: 'images/s', ours: rate, theirs: ideal, ratio: rate / ideal });
    }
    await service.stop();
    return rows;
  },
};
