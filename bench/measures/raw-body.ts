import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formBody, uploadAll } from '../client.ts';
import { photo } from '../images.ts';
import { type Measure, median, type Row } from '../measure.ts';
import { cpuMs, startService } from '../processes.ts';

const CLIENTS = 4;

export const rawBody: Measure = {
  title: 'A photograph of 0.8 MB as the whole body of an upload',
  baseline: 'the same photograph in a form, sent to the same API.',
  ratio: 'times the uploads per second; for CPU, times the cost',
  async run({ isQuick, folder, say }) {
    const image = await photo();
    const { url, api, folders, stop } = await startService(join(folder, 'service'));
    const uploads = isQuick ? 40 : 150;
    const candidates = [
      { body: image, type: 'image/jpeg' },
      { body: formBody([image]), type: undefined },
    ];
    const rates: number[][] = [[], []];
    const costs: number[][] = [[], []];
    for (let round = -1; round < (isQuick ? 2 : 9); round += 1) {
      say(`round ${round + 1}`);
      for (const [index, { body, type }] of candidates.entries()) {
        const [begin, cpu] = [performance.now(), await cpuMs(api)];
        await uploadAll(url, Array<Buffer>(uploads).fill(body), CLIENTS, type);
        const [seconds, used] = [(performance.now() - begin) / 1000, (await cpuMs(api)) - cpu];
        for (const name of await readdir(folders.uploads)) await rm(join(folders.uploads, name), { recursive: true });
        if (round < 0) continue;
        rates[index]?.push(uploads / seconds);
        costs[index]?.push(used / uploads);
      }
    }
    await stop();
    const [our = 0, their = 0] = rates.map(median);
    const [ourCost = 0, theirCost = 0] = costs.map(median);
    return [
      { what: 'accepted', unit: 'uploads/s', ours: our, theirs: their, ratio: our / their },
      {
        what: 'CPU of the API',
        unit: 'ms/upload',
        ours: ourCost,
        theirs: theirCost,
        ratio: ourCost / theirCost,
        atMost: 1,
      },
    ] satisfies Row[];
  },
};
