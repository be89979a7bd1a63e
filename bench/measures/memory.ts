import { execFileSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formBody, untilCompleted, upload, uploadAll } from '../client.ts';
import { scene } from '../images.ts';
import type { Measure, Row } from '../measure.ts';
import { residentMiB, type Service, startService } from '../processes.ts';

const CLIENTS = 64;
const FILES = 10;
const FILE_BYTES = 5 * 1024 * 1024;

/** Measures the API's memory when it is idle, and its peak while all clients upload at once. */
async function whileUploading({ url, api, folders }: Service): Promise<Row[]> {
  const start = await (await scene(64, 64)).jpeg().toBuffer();
  const file = Buffer.concat([start, Buffer.alloc(FILE_BYTES - start.length)]);
  const body = formBody(Array<Buffer>(FILES).fill(file));
  await upload(url, body);
  const idle = await residentMiB(api.pid);
  let peak = idle;
  const watch = setInterval(async () => {
    peak = Math.max(peak, await residentMiB(api.pid));
  }, 20);
  await uploadAll(url, Array<Buffer>(CLIENTS).fill(body), CLIENTS);
  clearInterval(watch);
  for (const name of await readdir(folders.uploads)) await rm(join(folders.uploads, name), { recursive: true });
  const what = `API, ${CLIENTS} clients upload ${FILES} × 5 MiB at once: peak, and before`;
  return [{ what, unit: 'MiB', ours: peak, theirs: idle, ratio: peak / idle }];
}

/** Measures the memory of the worker's only child while it processes large images, and its growth. */
async function whileProcessing(service: Service, images: number, say: (line: string) => void): Promise<Row[]> {
  const worker = await service.startWorker(1);
  const body = formBody(Array<Buffer>(FILES).fill(await (await scene(6000, 4000)).jpeg({ quality: 75 }).toBuffer()));
  const samples: number[] = [];
  for (let done = 0; done < images; done += FILES) {
    await untilCompleted(service.url, [await upload(service.url, body)]);
    const child = execFileSync('pgrep', ['-P', String(worker.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')[0];
    await delay(20);
    samples.push(await residentMiB(Number(child)));
    if (done % 100 === 0) say(`${done} of ${images} images`);
    for (const name of await readdir(service.folders.uploads))
      await rm(join(service.folders.uploads, name), { recursive: true });
  }
  // Skip the first tenth, which fills caches and pools.
  const settled = samples.slice(Math.ceil(samples.length / 10));
  const [first = 0, last = 0] = [settled[0], settled.at(-1)];
  return [
    {
      what: `child, after ${images} images of 24 megapixels, and after a tenth of them`,
      unit: 'MiB',
      ours: last,
      theirs: first,
      ratio: last / first,
      atMost: 1.2,
    },
    { what: 'child, slope', unit: 'MiB per 1,000 images', ours: (slope(settled) * 1000) / FILES },
  ];
}

/** Returns the slope of the least-squares line through values at equal distances. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const covariance = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  return covariance / values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
}

export const memory: Measure = {
  title: 'Memory',
  baseline: 'the same process when it is idle, or earlier: its memory must not grow with the number of images.',
  ratio: 'times the memory of the baseline',
  async run({ isQuick, folder, say }) {
    const service = await startService(join(folder, 'memory'));
    const rows = await whileUploading(service);
    await service.stop();
    const other = await startService(join(folder, 'child'));
    rows.push(...(await whileProcessing(other, isQuick ? 100 : 2000, say)));
    await other.stop();
    return rows;
  },
};
