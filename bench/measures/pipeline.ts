import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { configureSharp } from '../../src/imaging/configure-sharp.ts';
import { mixedImages } from '../images.ts';
import { alternate, type Measure, median, type Row, timed } from '../measure.ts';
import { limits, servicePipeline } from '../pipelines.ts';
import { startImageProcess } from '../processes.ts';

/** The plain pipeline with transparency on white as in the service, to compare the results. */
const onWhite = (file: string) =>
  sharp(file).flatten({ background: 'white' }).resize(512).grayscale().jpeg({ quality: 80 }).toBuffer();

/** Decodes every pixel with as little other work as possible. */
const decodeOnly = (file: string) => sharp(file).resize(16, 16, { kernel: 'nearest', fit: 'fill' }).raw().toBuffer();

/** Returns the mean difference of two images of the same size, in grey levels from 0 to 255. */
async function difference(one: Uint8Array | undefined, other: Uint8Array): Promise<number> {
  const grey = (image: Uint8Array | undefined) => sharp(image).greyscale().raw().toBuffer();
  const [left, right] = [await grey(one), await grey(other)];
  return left.reduce((sum, level, at) => sum + Math.abs(level - (right[at] ?? 999)), 0) / left.length;
}

export const pipeline: Measure = {
  title: 'One image through the pipeline, milliseconds',
  baseline:
    "sharp(file).resize(512).grayscale().jpeg({ quality: 80 }), the plain sharp pipeline. It does not apply the EXIF orientation and creates no placeholder. Each pipeline runs in its own process with one libvips thread, the service's with the environment that its worker sets.",
  ratio: 'times as fast',
  async run({ isQuick, folder, say }) {
    configureSharp(limits.acceptedFormats);
    const processes = [await startImageProcess('service'), await startImageProcess('plain')];
    const rows: Row[] = [];
    for (const [name, content] of await mixedImages()) {
      say(name);
      const file = join(folder, 'source');
      await writeFile(file, content);
      const cpu = processes.map((): number[] => []);
      const candidates = processes.map((processOne, index) => async (round: number) => {
        const { ms, cpuMs } = await processOne(file);
        // Discard the warm-up rounds, as `alternate` does.
        if (round >= 0) cpu[index]?.push(cpuMs);
        return ms;
      });
      const times = await alternate([...candidates, () => timed(() => decodeOnly(file))], {
        rounds: isQuick ? 6 : 40,
        warmups: 5,
      });
      const [our = 0, their = 0, decoding = 0] = times.map(median);
      const [ourCpu = 0, theirCpu = 0] = cpu.map(median);
      const atLeast = /JPEG [1-9]\d{3}/.test(name) ? 1.2 : /PNG 2/.test(name) ? 2 : /WebP|AVIF/.test(name) ? 0.97 : 1;
      rows.push({
        what: `${name}, ${(content.length / 1e6).toFixed(1)} MB`,
        unit: 'ms',
        ours: our,
        theirs: their,
        ratio: their / our,
        atLeast,
      });
      // libvips encodes in a second thread while it resizes. When all cores are busy, the CPU time of all threads counts.
      rows.push({
        what: `${name}: CPU`,
        unit: 'ms',
        ours: ourCpu,
        theirs: theirCpu,
        ratio: theirCpu / ourCpu,
      });
      // Not for JPEG, which can be decoded at a fraction of its size.
      if (!/JPEG/.test(name)) rows.push({ what: `${name}: decoding alone`, unit: 'ms', ours: decoding });
      const grey = await difference(await servicePipeline(file), await onWhite(file));
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
