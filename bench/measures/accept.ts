import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formBody } from '../client.ts';
import { photo } from '../images.ts';
import type { Measure, Row } from '../measure.ts';
import { end, startBaseline, startService } from '../processes.ts';
import { compareUploads } from '../uploads.ts';

const FILES = 10;
const none = { rate: Number.NaN, cost: Number.NaN };

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
    const [our = none, their = none] = await compareUploads(
      [
        { url: ours.url, process: ours.api, files: ours.folders.uploads, bodies },
        { url: theirs.url, process: theirs.child, files: storing, bodies },
      ],
      { isQuick, say },
    );
    await Promise.all([ours.stop(), end(theirs.child)]);
    const [ourCost, theirCost] = [our.cost / FILES, their.cost / FILES];
    return [
      {
        what: 'accepted',
        unit: 'uploads/s',
        ours: our.rate,
        theirs: their.rate,
        ratio: our.rate / their.rate,
        atLeast: 1.2,
      },
      { what: 'CPU of the API', unit: 'ms/photograph', ours: ourCost, theirs: theirCost, ratio: ourCost / theirCost },
    ] satisfies Row[];
  },
};
