import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formBody, upload } from '../client.ts';
import { type Measure, median, type Row, timed } from '../measure.ts';
import { photo, scene } from '../pictures.ts';
import { cpuMs, type Service, startService } from '../processes.ts';

const CLIENTS = 200;
const BATCHES = 20;
const FILES = 10;
const POLL_MS = 500;

async function newBatches({ url }: Service, body: Buffer): Promise<string[]> {
  const ids: string[] = [];
  for (let batch = 0; batch < BATCHES; batch += 1)
    ids.push((JSON.parse(await upload(url, body)) as { batchId: string }).batchId);
  return ids;
}

/** Follows a batch by its events, to its end. */
async function listen(url: string, batchId: string): Promise<void> {
  const text = await (await fetch(`${url}/batches/${batchId}/events`)).text();
  if (!text.includes('event: done')) throw new Error('a stream ended before its batch');
}

/** Follows a batch by asking again and again, to its end. */
async function poll(url: string, batchId: string): Promise<void> {
  for (;;) {
    const { status } = (await (await fetch(`${url}/batches/${batchId}`)).json()) as { status: string };
    if (status.startsWith('completed')) return;
    await delay(POLL_MS);
  }
}

export const streams: Measure = {
  title: `${CLIENTS} clients follow ${BATCHES} batches that move, CPU of the API`,
  opponent: `as many clients that ask every ${POLL_MS} ms, in the same service, for the same batches' whole life. Opening a stream reads its batch as asking once does, so the longer the batches, the less that weighs.`,
  ratio: 'share of the cost of polling',
  async run({ isQuick, folder, say }) {
    const pictures = [
      ['JPEG of 0.8 MB', await photo()],
      ['JPEG of 24 megapixels', await (await scene(6000, 4000)).jpeg({ quality: 80 }).toBuffer()],
    ] as const;
    const rows: Row[] = [];
    for (const [name, content] of pictures) {
      const body = formBody(Array<Buffer>(FILES).fill(content));
      const service = await startService(join(folder, name));
      await service.startWorker(1);
      const costs: number[][] = [[], []];
      const lives: number[] = [];
      for (let round = -1; round < (isQuick ? 1 : 3); round += 1) {
        say(`${name}, round ${round + 1}`);
        for (const [index, follow] of [listen, poll].entries()) {
          const ids = await newBatches(service, body);
          const cpu = await cpuMs(service.api);
          const life = await timed(() =>
            Promise.all(
              Array.from({ length: CLIENTS }, (_, client) => follow(service.url, ids[client % BATCHES] ?? '')),
            ),
          );
          if (round < 0) continue;
          costs[index]?.push((await cpuMs(service.api)) - cpu);
          lives.push(life);
        }
      }
      await service.stop();
      const [ours = 0, theirs = 0] = costs.map(median);
      const seconds = Math.round(median(lives) / 1000);
      const what = `${name}, to the end of the last batch after ${seconds} s`;
      rows.push({ what, unit: 'ms of CPU', ours, theirs, ratio: ours / theirs, atMost: 0.1 });
    }
    return rows;
  },
};
