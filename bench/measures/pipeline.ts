import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { configureSharp } from '../../src/imaging/pipeline.ts';
import { limits, ours } from '../chains.ts';
import { alternate, type Measure, median, type Row, timed } from '../measure.ts';
import { mixedPictures } from '../pictures.ts';
import { startMaker } from '../processes.ts';

/** The same, with what is transparent on white as the service has it, to compare what they make. */
const onWhite = (file: string) =>
  sharp(file).flatten({ background: 'white' }).resize(512).grayscale().jpeg({ quality: 80 }).toBuffer();

/** The least that takes every pixel out of a file. */
const decodeOnly = (file: string) => sharp(file).resize(16, 16, { kernel: 'nearest', fit: 'fill' }).raw().toBuffer();

/** Mean difference of two pictures of the same size, in grey levels of 255. */
async function difference(one: Uint8Array | undefined, other: Uint8Array): Promise<number> {
  const grey = (image: Uint8Array | undefined) => sharp(image).greyscale().raw().toBuffer();
  const [left, right] = [await grey(one), await grey(other)];
  return left.reduce((sum, level, at) => sum + Math.abs(level - (right[at] ?? 999)), 0) / left.length;
}

export const pipeline: Measure = {
  title: 'One image through the pipeline, milliseconds',
  opponent:
    "sharp(file).resize(512).grayscale().jpeg({ quality: 80 }), the chain that everyone writes first; it does not turn phone pictures upright and makes no placeholder. Each in a process of its own, the service's with what its worker sets there; both with one libvips thread.",
  ratio: 'times as fast',
  async run({ isQuick, folder, say }) {
    configureSharp(limits.acceptedFormats);
    const makers = [await startMaker('ours'), await startMaker('obvious')];
    const rows: Row[] = [];
    for (const [name, content] of await mixedPictures()) {
      say(name);
      const file = join(folder, 'source');
      await writeFile(file, content);
      const cpu = makers.map((): number[] => []);
      const candidates = makers.map((make, index) => async (round: number) => {
        const { ms, cpuMs } = await make(file);
        // What does not count for the time does not count here either.
        if (round >= 0) cpu[index]?.push(cpuMs);
        return ms;
      });
      const times = await alternate([...candidates, () => timed(() => decodeOnly(file))], {
        rounds: isQuick ? 6 : 40,
        warmups: 5,
      });
      const [our = 0, their = 0, decoding = 0] = times.map(median);
      const [ourCpu = 0, theirCpu = 0] = cpu.map(median);
      const atLeast = /JPEG [1-9]\d{3}/.test(name) ? 1.2 : /PNG 2/.test(name) ? 2 : 0.97;
      rows.push({
        what: `${name}, ${(content.length / 1e6).toFixed(1)} MB`,
        unit: 'ms',
        ours: our,
        theirs: their,
        ratio: their / our,
        atLeast,
      });
      // libvips encodes beside the resize; where all cores are busy, what counts is the work of all threads.
      rows.push({
        what: `${name}: CPU`,
        unit: 'ms',
        ours: ourCpu,
        theirs: theirCpu,
        ratio: theirCpu / ourCpu,
      });
      // A JPEG may be decoded at a fraction of its size, and most others need it whole.
      if (!/JPEG/.test(name)) rows.push({ what: `${name}: decoding alone`, unit: 'ms', ours: decoding });
      const grey = await difference(await ours(file), await onWhite(file));
      rows.push({
        what: `${name}: difference of the results`,
        unit: 'grey levels',
        ours: grey,
        ratio: grey,
        atMost: 1.5,
      });
    }
    return rows;
  },
};
