import { join } from 'node:path';
import { formBody } from '../client.ts';
import { photo } from '../images.ts';
import type { Measure, Row } from '../measure.ts';
import { startService } from '../processes.ts';
import { compareUploads } from '../uploads.ts';

const none = { rate: Number.NaN, cost: Number.NaN };

export const rawBody: Measure = {
  title: 'A photograph of 0.8 MB as the whole body of an upload',
  baseline: 'the same photograph in a form, sent to the same API.',
  ratio: 'times the uploads per second; for CPU, times the cost',
  async run({ isQuick, folder, say }) {
    const image = await photo();
    const { url, api, folders, stop } = await startService(join(folder, 'service'));
    const uploads = isQuick ? 40 : 150;
    const target = { url, process: api, files: folders.uploads };
    const [raw = none, form = none] = await compareUploads(
      [
        { ...target, bodies: Array<Buffer>(uploads).fill(image), type: 'image/jpeg' },
        { ...target, bodies: Array<Buffer>(uploads).fill(formBody([image])) },
      ],
      { isQuick, say },
    );
    await stop();
    return [
      { what: 'accepted', unit: 'uploads/s', ours: raw.rate, theirs: form.rate, ratio: raw.rate / form.rate },
      {
        what: 'CPU of the API',
        unit: 'ms/upload',
        ours: raw.cost,
        theirs: form.cost,
        ratio: raw.cost / form.cost,
        atMost: 1,
      },
    ] satisfies Row[];
  },
};
