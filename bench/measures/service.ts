import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { formBody, untilCompleted, uploadAll } from '../client.ts';
import { mixedImages, photo } from '../images.ts';
import { type Measure, percentile, type Row } from '../measure.ts';
import { end, startBaseline, startService } from '../processes.ts';

/** Clients that upload at once, and files of each upload. */
const CLIENTS = 4;
const FILES = 10;

export const service: Measure = {
  title: 'The whole service: images per second, and the slowest responses',
  baseline:
    'an Express + multer + sharp server that responds after its images are processed: the same clients, the same files, all cores. It stores nothing durably and loses the images in progress when it ends.',
  ratio: 'times the images per second; for p99, times the latency',
  async run({ isQuick, folder, say }) {
    const rows: Row[] = [];
    const kinds = [
      {
        name: 'mixed images',
        files: (await mixedImages()).slice(0, FILES).map(([, content]) => content),
        atLeast: 1.3,
        atMost: 1 / 8,
      },
      { name: 'JPEG of 0.8 MB', files: Array<Buffer>(FILES).fill(await photo()), atLeast: 1.1, atMost: 1 / 4 },
    ];
    for (const { name, files, atLeast, atMost } of kinds) {
      const body = formBody(files);
      const bodies = Array<Buffer>(isQuick ? 4 : 16).fill(body);
      const ours = await startService(join(folder, 'service'), { API_PROCESSES: '' });
      await ours.startWorker(availableParallelism());
      const theirs = await startBaseline('synchronous-server', join(folder, 'synchronous'));
      const rates: number[][] = [[], []];
      const latencies: number[][] = [[], []];
      for (let round = -1; round < (isQuick ? 1 : 5); round += 1) {
        say(`${name}, round ${round + 1}`);
        for (const [index, url] of [ours.url, theirs.url].entries()) {
          const begin = performance.now();
          const uploads = await uploadAll(url, bodies, CLIENTS);
          if (index === 0) await untilCompleted(url, uploads.responses);
          const seconds = (performance.now() - begin) / 1000;
          // The first round is a warm-up.
          if (round < 0) continue;
          rates[index]?.push((bodies.length * FILES) / seconds);
          latencies[index]?.push(...uploads.times);
        }
      }
      await Promise.all([ours.stop(), end(theirs.child)]);
      await rm(join(folder, 'service'), { recursive: true });
      const [our = 0, their = 0] = rates.map((values) => percentile(values, 50));
      rows.push({ what: name, unit: 'images/s', ours: our, theirs: their, ratio: our / their, atLeast });
      const [ourP99 = 0, theirP99 = 0] = latencies.map((values) => percentile(values, 99));
      rows.push({
        what: `${name}: p99 latency of an upload`,
        unit: 'ms',
        ours: ourP99,
        theirs: theirP99,
        ratio: ourP99 / theirP99,
        atMost,
      });
    }
    return rows;
  },
};
