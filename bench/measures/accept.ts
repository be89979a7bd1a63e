import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formBody, uploadAll } from '../client.ts';
import { photo } from '../images.ts';
import { type Measure, median, type Row } from '../measure.ts';
import { cpuMs, end, startBaseline, startService } from '../processes.ts';

const CLIENTS = 4;
const FILES = 10;

export const accept: Measure = {
  title: 'Uploads accepted, ten photographs of 0.8 MB each',
  baseline:
    "Express with multer's own disk storage. It responds at once: it does not check the content, does not enqueue, and does not flush files to the disk. The service does all of that.",
  ratio: 'times the uploads per second; for CPU, times the cost',
  async run({ isQuick, folder, say }) {
    const body = formBody(Array<Buffer>(FILES).fill(await photo()));
    const bodies = Array<Buffer>(isQuick ? 8 : 30).fill(body);
    const ours = await startService(join(folder, 'service'));
    const storing = join(folder, 'storing');
    await mkdir(storing);
    const theirs = await startBaseline('upload-only-server', storing);
    const candidates = [
      { url: ours.url, process: ours.api, files: ours.folders.uploads },
      { url: theirs.url, process: theirs.child, files: storing },
    ];
    const rates: number[][] = [[], []];
    const costs: number[][] = [[], []];
    for (let round = -1; round < (isQuick ? 2 : 9); round += 1) {
      say(`round ${round + 1}`);
      for (const [index, { url, process, files }] of candidates.entries()) {
        const [begin, cpu] = [performance.now(), await cpuMs(process)];
        await uploadAll(url, bodies, CLIENTS);
        const [seconds, used] = [(performance.now() - begin) / 1000, (await cpuMs(process)) - cpu];
        for (const name of await readdir(files)) await rm(join(files, name), { recursive: true });
        if (round < 0) continue;
        rates[index]?.push(bodies.length / seconds);
        costs[index]?.push(used / (bodies.length * FILES));
      }
    }
    await Promise.all([ours.stop(), end(theirs.child)]);
    const [our = 0, their = 0] = rates.map(median);
    const [ourCost = 0, theirCost = 0] = costs.map(median);
    return [
      { what: 'accepted', unit: 'uploads/s', ours: our, theirs: their, ratio: our / their, atLeast: 1.2 },
      { what: 'CPU of the API', unit: 'ms/photograph', ours: ourCost, theirs: theirCost, ratio: ourCost / theirCost },
    ] satisfies Row[];
  },
};
