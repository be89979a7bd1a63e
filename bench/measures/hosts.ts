import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { splitConcurrency } from '../../src/worker/split-concurrency.ts';
import { formBody, untilCompleted, uploadAll } from '../client.ts';
import { photo } from '../images.ts';
import type { Measure, Row } from '../measure.ts';
import { childrenOf, cpuMs, mainThreadMs, startService } from '../processes.ts';

/** CPU of a child for a JPEG of 0.8 MB, in milliseconds. */
const IMAGE_MS = 20;
/** Images a second that the sleeping children make together. Two cores can do this, and more would not change the CPU of an image. */
const RATE = 100;
const FILES = 10;

/** CPU milliseconds of some processes: of all their threads, and of their main threads. */
interface Cpu {
  all: number;
  main: number;
}

async function cpuOf(pids: readonly number[]): Promise<Cpu> {
  const sum = async (read: (pid: number) => Promise<number>) =>
    (await Promise.all(pids.map(read))).reduce((total, ms) => total + ms, 0);
  return { all: await sum(cpuMs), main: await sum(mainThreadMs) };
}

/** Returns the processes of an API or a worker: itself, or its primary and the others. */
function processesOf({ pid = Number.NaN }: { pid?: number | undefined }, count: number): number[] {
  return count === 1 ? [pid] : [pid, ...childrenOf(pid)];
}

/** Measures the CPU of each part of the service for an image, on a host that has so many cores. */
async function measureHost(cores: number, folder: string, images: number) {
  const [apis, children] = [Math.ceil(cores / 8), cores - 1];
  const workers = splitConcurrency(children).length;
  const service = await startService(folder, {
    API_PROCESSES: String(apis),
    // So many processes need long to start on two cores.
    REDIS_TIMEOUT_MS: '60000',
    NODE_OPTIONS: `--import ${pathToFileURL(join(projectRoot, 'bench/sleeping-child.mjs'))}`,
    SLEEP_MS: String((children * 1000) / RATE),
  });
  const worker = await service.startWorker(children);
  const [, redisPid] = /process_id:(\d+)/.exec(await service.redis.info('server')) ?? [];
  const parts = {
    API: processesOf(service.api, apis),
    worker: processesOf(worker, workers),
    Redis: [Number(redisPid)],
  };
  const body = formBody(Array<Buffer>(FILES).fill(await photo()));
  // Each connection stays with one process, and each process gets one.
  const send = async (count: number) => {
    const uploads = await uploadAll(service.url, Array<Buffer>(count / FILES).fill(body), apis);
    await untilCompleted(service.url, uploads.responses);
  };
  const read = () => Promise.all(Object.values(parts).map(cpuOf));
  await send(images);
  const before = await read();
  await send(images);
  const after = await read();
  // A primary that is killed leaves its processes for a moment.
  for (const child of [worker, service.api]) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await service.stop();
  await rm(folder, { recursive: true });
  const [api, work, redis] = after.map(({ all, main }, at) => ({
    all: (all - (before[at]?.all ?? 0)) / images,
    main: (main - (before[at]?.main ?? 0)) / images,
  })) as [Cpu, Cpu, Cpu];
  return { apis, workers, api, work, redis };
}

export const hosts: Measure = {
  title: `Images per second of a host, by its cores (JPEG of 0.8 MB, ${IMAGE_MS} ms in a child)`,
  baseline:
    'every core only processes images. The API, the worker and Redis are real, the children sleep. The rate is calculated from the CPU of each part for an image: all cores are busy, or the main thread of one part is. The clients run on other hosts.',
  ratio: 'share of the ideal',
  async run({ isQuick, folder, say }) {
    const rows: Row[] = [];
    for (const cores of isQuick ? [4, 64] : [4, 8, 16, 32, 64]) {
      const { apis, workers, api, work, redis } = await measureHost(
        cores,
        join(folder, `${cores}`),
        isQuick ? 200 : 1000,
      );
      const limits = {
        'all cores': (cores * 1000) / (IMAGE_MS + api.all + work.all + redis.all),
        'the API': (apis * 1000) / api.main,
        'the worker': (workers * 1000) / work.main,
        Redis: 1000 / redis.main,
      };
      const [first = '', rate = 0] = Object.entries(limits).sort(([, one], [, other]) => one - other)[0] ?? [];
      const shares = Object.entries(limits).map(([name, limit]) => `${name} ${Math.round((100 * rate) / limit)} %`);
      say(
        `${cores} cores: API ${api.all.toFixed(1)} ms (main thread ${api.main.toFixed(1)}), worker ${work.all.toFixed(1)} ms (${work.main.toFixed(1)}), Redis ${redis.all.toFixed(1)} ms (${redis.main.toFixed(1)}); at ${Math.round(rate)} images/s: ${shares.join(', ')}`,
      );
      const ideal = (cores * 1000) / IMAGE_MS;
      const what = `${cores} cores, API × ${apis}, worker × ${workers}: ${first} full first`;
      rows.push({ what, unit: 'images/s', ours: rate, theirs: ideal, ratio: rate / ideal });
    }
    return rows;
  },
};
