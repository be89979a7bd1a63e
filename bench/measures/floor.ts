import { execFileSync, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { configureSharp } from '../../src/imaging/configure-sharp.ts';
import { mixedImages, scene } from '../images.ts';
import { alternate, type Measure, median, type Row, timed } from '../measure.ts';
import { limits } from '../pipelines.ts';
import { startImageProcess } from '../processes.ts';

/** Returns the smallest scale, in eighths, at which libjpeg-turbo decodes to at least 512 pixels of width. */
function eighths(width: number): number {
  return [1, 2, 4].find((scale) => (width * scale) / 8 >= 512) ?? 8;
}

function decode(file: string, scale: number, colours: '-grayscale' | '-rgb' = '-grayscale'): Buffer {
  return execFileSync('djpeg', [colours, '-scale', `${scale}/8`, '-pnm', file], { maxBuffer: 2 ** 28 });
}

export const floor: Measure = {
  title: 'One JPEG, compared with the lower bound, milliseconds',
  baseline:
    "libjpeg-turbo's `djpeg -grayscale -scale`, then resize and encode: the lower bound for the decoder that libvips uses. The start of its process is measured with an image of one pixel and subtracted. djpeg skips the colours while decoding, which libvips cannot. It uses luma as grey, which differs from the plain sharp pipeline for strong colours.",
  ratio: 'times the lower bound',
  async run({ isQuick, folder, say }) {
    if (spawnSync('djpeg', ['-version']).error) {
      say('skipped: djpeg is not on PATH (Debian: libjpeg-turbo-progs)');
      return [];
    }
    configureSharp(limits.acceptedFormats);
    const processOne = await startImageProcess('service');
    const [file, dot] = [join(folder, 'source'), join(folder, 'dot')];
    await writeFile(
      dot,
      await sharp({ create: { width: 1, height: 1, channels: 3, background: 'grey' } })
        .jpeg()
        .toBuffer(),
    );
    const rows: Row[] = [];
    const jpegs = (await mixedImages()).filter(([name]) => /JPEG [1-9]\d{3}/.test(name));
    for (const [name, content] of jpegs) {
      say(name);
      await writeFile(file, content);
      const { width = 0, height = 0 } = await sharp(content).metadata();
      const scale = eighths(width);
      const raw = {
        width: Math.ceil((width * scale) / 8),
        height: Math.ceil((height * scale) / 8),
        channels: 1,
      } as const;
      const decoded = await (await scene(raw.width, raw.height)).toColourspace('b-w').raw().toBuffer();
      const encode = () =>
        sharp(decoded, { raw })
          .resize(512)
          .toColourspace('b-w')
          .jpeg({ quality: 80, optimiseCoding: false })
          .toBuffer();
      const times = await alternate(
        [
          async () => (await processOne(file)).ms,
          () => timed(() => decode(file, scale)),
          () => timed(() => decode(file, scale, '-rgb')),
          () => timed(() => decode(dot, scale)),
          () => timed(encode),
        ],
        { rounds: isQuick ? 6 : 40, warmups: 2 },
      );
      const [our = 0, decoding = 0, inColours = 0, start = 0, encoding = 0] = times.map(median);
      const theirs = decoding - start + encoding;
      rows.push({ what: name, unit: 'ms', ours: our, theirs, ratio: our / theirs, atMost: 1.15 });
      const coloured = inColours - start + encoding;
      rows.push({
        what: `${name}: lower bound with colours`,
        unit: 'ms',
        ours: our,
        theirs: coloured,
        ratio: our / coloured,
      });
    }
    return rows;
  },
};
