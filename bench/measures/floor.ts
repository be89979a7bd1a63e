import { execFileSync, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { configureSharp } from '../../src/imaging/pipeline.ts';
import { limits } from '../chains.ts';
import { alternate, type Measure, median, type Row, timed } from '../measure.ts';
import { mixedPictures, scene } from '../pictures.ts';
import { startMaker } from '../processes.ts';

/** The eighths at which libjpeg-turbo may decode so that the result is still at least 512 wide. */
function eighths(width: number): number {
  return [1, 2, 4].find((scale) => (width * scale) / 8 >= 512) ?? 8;
}

function decode(file: string, scale: number, colours: '-grayscale' | '-rgb' = '-grayscale'): Buffer {
  return execFileSync('djpeg', [colours, '-scale', `${scale}/8`, '-pnm', file], { maxBuffer: 2 ** 28 });
}

export const floor: Measure = {
  title: 'One JPEG, against the floor, milliseconds',
  opponent:
    "libjpeg-turbo's `djpeg -grayscale -scale` (its process start, measured with a picture of one pixel, taken off), then resize and encode: what the decoder that libvips uses needs at least. It leaves out the colours already while decoding, where libvips cannot, and takes them for grey by their luma, which for strong colours is another grey than that of the obvious chain.",
  ratio: 'times the floor',
  async run({ isQuick, folder, say }) {
    if (spawnSync('djpeg', ['-version']).error) {
      say('there is no djpeg on PATH (Debian: libjpeg-turbo-progs); left out');
      return [];
    }
    configureSharp(limits.acceptedFormats);
    const make = await startMaker('ours');
    const [file, dot] = [join(folder, 'source'), join(folder, 'dot')];
    await writeFile(
      dot,
      await sharp({ create: { width: 1, height: 1, channels: 3, background: 'grey' } })
        .jpeg()
        .toBuffer(),
    );
    const rows: Row[] = [];
    const jpegs = (await mixedPictures()).filter(([name]) => /JPEG [1-9]\d{3}/.test(name));
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
          async () => (await make(file)).ms,
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
        what: `${name}: floor with colours`,
        unit: 'ms',
        ours: our,
        theirs: coloured,
        ratio: our / coloured,
      });
    }
    return rows;
  },
};
