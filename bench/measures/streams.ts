import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formBody, upload } from '../client.ts';
import { photo, scene } from '../images.ts';
import { type Measure, median, type Row, timed } from '../measure.ts';
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

/** Follows a batch to its end with its event stream. */
async function listen(url: string, batchId: string): Promise<void> {
  const text = await (await fetch(`${url}/batches/${batchId}/events`)).text();
  if (!text.includes('event: done')) throw new Error('a stream ended before its batch');
}

/** Follows a batch to its end by polling. */
async function poll(url: string, batchId: string): Promise<void> {
  for (;;) {
    const { status } = (await (await fetch(`${url}/batches/${batchId}`)).json()) as { status: string };
    if (status.startsWith('completed')) return;
    await delay(POLL_MS);
  }
}

export const streams: Measure = {
  title: `${CLIENTS} clients follow ${BATCHES} batches in progress, CPU of the API`,
  baseline: `as many clients that poll every ${POLL_MS} ms until the batches end. Opening a stream costs as much as one poll, so the ratio is lower for longer batches.`,
  ratio: 'share of the cost of polling',
  async run({ isQuick, folder, say }) {
    const images = [
      ['JPEG of 0.8 MB', await photo()],
      ['JPEG of 24 megapixels', await (await scene(6000, 4000)).jpeg({ quality: 80 }).toBuffer()],
    ] as const;
    const rows: Row[] = [];
    for (const [name, content] of images) {
      const body = formBody(Array<Buffer>(FILES).fill(content));
      const service = await startService(join(folder, name));
      await service.startWorker(1);
      const costs: number[][] = [[], []];
      const durations: number[] = [];
      for (let round = -1; round < (isQuick ? 1 : 3); round += 1) {
        say(`${name}, round ${round + 1}`);
        for (const [index, follow] of [listen, poll].entries()) {
          const ids = await newBatches(service, body);
          const cpu = await cpuMs(service.api.pid);
          const durationMs = await timed(() =>
            Promise.all(
              Array.from({ length: CLIENTS }, (_, client) => follow(service.url, ids[client % BATCHES] ?? '')),
            ),
          );
          if (round < 0) continue;
          costs[index]?.push((await cpuMs(service.api.pid)) - cpu);
          durations.push(durationMs);
        }
      }
      await service.stop();
      const [ours = 0, theirs = 0] = costs.map(median);
      const seconds = Math.round(median(durations) / 1000);
      const what = `${name}, to the end of the last batch after ${seconds} s`;
      rows.push({ what, unit: 'ms of CPU', ours, theirs, ratio: ours / theirs, atMost: 0.1 });
    }
    return rows;
  },
};
