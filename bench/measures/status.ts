import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { v4 as uuid } from 'uuid';
import { alternate, type Measure, median, percentile, type Row, timed } from '../measure.ts';
import { type Service, startService } from '../processes.ts';

const FILES = 10;
/** Rate and duration of the load. */
const LOAD = { perSecond: 100, seconds: 10 };

/** Enqueues a batch without originals, and returns its id. */
export async function waitingBatch({ queue }: Service): Promise<string> {
  const batchId = uuid();
  const files = Array.from({ length: FILES }, (_, index) => ({
    originalName: `photo ${index}.jpg`,
    format: 'jpeg' as const,
  }));
  const sender = { id: 'bench', owner: undefined };
  await queue.addBatch(await queue.announceBatch({ batchId, files, outputs: [{ options: {} }], sender }));
  return batchId;
}

/** Fills the queue. Returns the id of a batch in the middle of the backlog. */
async function fill(service: Service, jobs: number, say: (line: string) => void): Promise<string> {
  const ids: string[] = [];
  while (ids.length < jobs / FILES) {
    ids.push(...(await Promise.all(Array.from({ length: 50 }, () => waitingBatch(service)))));
    if (ids.length % 2000 === 0) say(`filling: ${ids.length * FILES} of ${jobs} jobs`);
  }
  return ids[Math.floor(ids.length / 2)] ?? '';
}

async function read(url: string, batchId: string): Promise<void> {
  const response = await fetch(`${url}/batches/${batchId}`);
  const { status } = (await response.json()) as { status: string };
  if (status !== 'waiting') throw new Error(`expected a waiting batch, got ${response.status} ${status}`);
}

/** Sends requests at a fixed rate, however slow the responses. Returns the milliseconds from the due time to each response. */
async function underLoad(url: string, batchId: string): Promise<number[]> {
  const begin = performance.now();
  const reads = Array.from({ length: LOAD.perSecond * LOAD.seconds }, async (_, index) => {
    const due = (index * 1000) / LOAD.perSecond;
    await delay(due);
    await read(url, batchId);
    return performance.now() - begin - due;
  });
  return Promise.all(reads);
}

export const status: Measure = {
  title: `GET /batches/:batchId of ${FILES} waiting files, milliseconds`,
  baseline: 'the same service with an empty queue. The ratio shows the cost of a backlog.',
  ratio: 'times the time with an empty queue',
  async run({ isQuick, folder, say }) {
    const empty = await startService(join(folder, 'empty'));
    const emptyBatch = await waitingBatch(empty);
    const rows: Row[] = [];
    for (const jobs of isQuick ? [10_000] : [100_000, 500_000]) {
      const full = await startService(join(folder, `backlog-${jobs}`));
      const batchId = await fill(full, jobs, say);
      const times = await alternate(
        [() => timed(() => read(full.url, batchId)), () => timed(() => read(empty.url, emptyBatch))],
        { rounds: isQuick ? 300 : 2000, warmups: 200 },
      );
      const [behind = 0, alone = 0] = times.map(median);
      rows.push({
        what: `${jobs} waiting`,
        unit: 'ms',
        ours: behind,
        theirs: alone,
        ratio: behind / alone,
        atMost: 1.2,
      });
      const [slow, quick] = [await underLoad(full.url, batchId), await underLoad(empty.url, emptyBatch)];
      const [ours, theirs] = [percentile(slow, 99), percentile(quick, 99)];
      const what = `${jobs} waiting: p99 at ${LOAD.perSecond} requests per second`;
      rows.push({ what, unit: 'ms', ours, theirs, ratio: ours / theirs });
      await full.stop();
    }
    await empty.stop();
    return rows;
  },
};
