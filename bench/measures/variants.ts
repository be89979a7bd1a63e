import { configureSharp, processImage } from '../../src/imaging/pipeline.ts';
import { limits } from '../chains.ts';
import { alternate, type Measure, median, type Row, timed } from '../measure.ts';
import { photo, scene } from '../pictures.ts';

/** A set as a shop needs it. */
const sizes = [64, 128, 200, 256, 320, 400, 512, 640].map((width) => ({ width }));

export const variants: Measure = {
  title: 'Eight variants of one upload, milliseconds',
  opponent:
    'eight separate jobs with one result each, on the same pipeline: what one would do without `variants`. The queue of eight jobs is not counted.',
  ratio: 'times as fast',
  async run({ isQuick, say }) {
    configureSharp(limits.acceptedFormats);
    const rows: Row[] = [];
    const pictures = [
      ['JPEG 2725×2225', await photo()],
      ['PNG 2048×1536', await (await scene(2048, 1536)).png().toBuffer()],
    ] as const;
    for (const [name, content] of pictures) {
      say(name);
      const apart = async () => {
        for (const size of sizes) await processImage(content, limits, [size]);
      };
      const together = () => processImage(content, limits, sizes);
      const times = await alternate([() => timed(together), () => timed(apart)], { rounds: isQuick ? 3 : 20 });
      const [our = 0, their = 0] = times.map(median);
      rows.push({ what: name, unit: 'ms', ours: our, theirs: their, ratio: their / our, atLeast: 2.5 });
    }
    return rows;
  },
};
