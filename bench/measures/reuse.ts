import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { formBody, untilCompleted, uploadAll } from '../client.ts';
import { photo } from '../images.ts';
import { alternate, type Measure, median, type Row, timed } from '../measure.ts';
import { startService } from '../processes.ts';

/** Clients that upload at once, and files of each upload. */
const CLIENTS = 4;
const FILES = 10;
/** Shares of files that were processed before. */
const SHARES = [0, 0.5, 1];

/** Returns a JPEG with the same pixels and other bytes: with a comment of its own after the first marker. */
function distinct(jpeg: Buffer): Buffer {
  const comment = Buffer.from(randomUUID());
  const head = Buffer.from([0xff, 0xfe, 0, comment.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, comment, jpeg.subarray(2)]);
}

export const reuse: Measure = {
  title: 'Images per second with `REUSE_RESULTS`, by the share of repeated files, JPEG of 0.8 MB',
  baseline: 'the same service without the setting. It gets the same uploads.',
  ratio: 'times the images per second',
  async run({ isQuick, folder, say }) {
    const image = await photo();
    const known = Array.from({ length: FILES }, () => distinct(image));
    const services = await Promise.all(
      ['true', ''].map((REUSE_RESULTS) => startService(join(folder, `reuse-${REUSE_RESULTS}`), { REUSE_RESULTS })),
    );
    const process = async (url: string, bodies: readonly Buffer[]) =>
      untilCompleted(url, (await uploadAll(url, bodies, CLIENTS)).responses);
    for (const service of services) {
      await service.startWorker(availableParallelism());
      await process(service.url, [formBody(known)]);
    }
    const rows: Row[] = [];
    for (const share of SHARES) {
      const repeated = known.slice(0, share * FILES);
      const rateOf = (url: string) => async () => {
        const bodies = Array.from({ length: isQuick ? 4 : 16 }, () =>
          formBody([...repeated, ...Array.from({ length: FILES - repeated.length }, () => distinct(image))]),
        );
        return (bodies.length * FILES * 1000) / (await timed(() => process(url, bodies)));
      };
      say(`${share * 100} % repeats`);
      const candidates = services.map(({ url }) => rateOf(url));
      const [ours = 0, theirs = 0] = (await alternate(candidates, { rounds: isQuick ? 1 : 6 })).map(median);
      rows.push({ what: `${share * 100} % repeats`, unit: 'images/s', ours, theirs, ratio: ours / theirs });
    }
    for (const service of services) await service.stop();
    return rows;
  },
};
