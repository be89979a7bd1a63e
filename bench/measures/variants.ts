import { configureSharp } from '../../src/imaging/configure-sharp.ts';
import { processImage } from '../../src/imaging/pipeline.ts';
import { photo, scene } from '../images.ts';
import { alternate, type Measure, median, type Row, timed } from '../measure.ts';
import { limits } from '../pipelines.ts';

/** Sizes as an online shop uses them. */
const sizes = [64, 128, 200, 256, 320, 400, 512, 640].map((width) => ({ width }));

export const variants: Measure = {
  title: 'Eight variants of one upload, milliseconds',
  baseline:
    'eight separate jobs with one result each, on the same pipeline: the alternative without `variants`. The cost of the queue is not included.',
  ratio: 'times as fast',
  async run({ isQuick, say }) {
    configureSharp(limits.acceptedFormats);
    const rows: Row[] = [];
    const images = [
      ['JPEG 2725×2225', await photo()],
      ['PNG 2048×1536', await (await scene(2048, 1536)).png().toBuffer()],
    ] as const;
    for (const [name, content] of images) {
      say(name);
      const separately = async () => {
        for (const size of sizes) await processImage(content, limits, [size]);
      };
      const together = () => processImage(content, limits, sizes);
      const times = await alternate([() => timed(together), () => timed(separately)], { rounds: isQuick ? 3 : 20 });
      const [our = 0, their = 0] = times.map(median);
      rows.push({ what: name, unit: 'ms', ours: our, theirs: their, ratio: their / our, atLeast: 2.5 });
    }
    return rows;
  },
};
