import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { setTimeout as delay } from 'node:timers/promises';
import { formBody, untilCompleted, upload, uploadAll } from '../client.ts';
import { scene } from '../images.ts';
import type { Measure, Row } from '../measure.ts';
import { residentMiB, type Service, startService } from '../processes.ts';

const CLIENTS = 64;
const FILES = 10;
const FILE_BYTES = 5 * 1024 * 1024;
const LARGE_BYTES = 500_000_000;
const largeSettings = {
  MAX_FILE_BYTES: String(LARGE_BYTES * 2),
  IMPORT_HOSTS: '127.0.0.1',
  NETWORK_ALLOW: '127.0.0.0/8',
};

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

/** Measures the peak memory of each process for an upload and an import of one large file, compared with a small upload before. */
async function whileLarge(service: Service): Promise<Row[]> {
  const image = await (await scene(2048, 1536)).jpeg().toBuffer();
  const padding = Buffer.alloc(1024 * 1024);
  // Decoders ignore what follows the image.
  async function* content() {
    yield image;
    for (let sent = image.length; sent < LARGE_BYTES; sent += padding.length) yield padding;
  }
  const server = createServer((_req, res) => void Readable.from(content()).pipe(res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const worker = await service.startWorker(1);
  await untilCompleted(service.url, [await upload(service.url, formBody([image]))]);
  const [child] = execFileSync('pgrep', ['-P', String(worker.pid)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const processes = { API: service.api.pid, worker: worker.pid, child: Number(child) };
  const peaks = () => Promise.all(Object.values(processes).map((pid) => residentMiB(pid, 'VmHWM')));
  const before = await peaks();
  const send = async (headers: Record<string, string>, body: RequestInit['body']) => {
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    await untilCompleted(service.url, [await (await fetch(`${service.url}/process-images`, init)).text()]);
    return peaks();
  };
  const uploaded = await send({ 'Content-Type': 'image/jpeg' }, ReadableStream.from(content()) as RequestInit['body']);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/large.jpg`;
  const imported = await send({ 'Content-Type': 'application/json' }, JSON.stringify({ files: [{ url }] }));
  server.close();
  return Object.keys(processes).flatMap((name, at) =>
    Object.entries({ upload: uploaded, import: imported }).map(([what, peak]) => {
      const [ours = 0, theirs = 0] = [peak[at], before[at]];
      return { what: `${name}, ${what} of 500 MB: peak, and before`, unit: 'MiB', ours, theirs, ratio: ours / theirs };
    }),
  );
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
    say('a large file');
    const large = await startService(join(folder, 'large'), largeSettings);
    rows.push(...(await whileLarge(large)));
    await large.stop();
    const other = await startService(join(folder, 'child'));
    rows.push(...(await whileProcessing(other, isQuick ? 100 : 2000, say)));
    await other.stop();
    return rows;
  },
};
