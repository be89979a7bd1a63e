import { performance } from 'node:perf_hooks';
import sharp, { type Sharp } from 'sharp';
import { configureSharp, processImage } from '../src/imaging/pipeline.ts';
import { median } from './statistics.ts';

// npm run bench:pipeline [rounds]: what does the order of the pipeline gain?
// The service's pipeline and both fixed orders against the obvious chain, in turn, on pictures made here.

const ROUNDS = Number(process.argv[2] ?? 30);
const limits = { acceptedFormats: ['jpeg', 'png', 'webp', 'avif'], maxPixels: 50_000_000 } as const;

/** Smooth shapes with fine noise: about as hard to encode as a photograph. */
async function scene(width: number, height: number, channels: 3 | 4 = 3): Promise<Sharp> {
  const background = { r: 120, g: 130, b: 90, alpha: 0.9 };
  const noise = await sharp({
    create: {
      width: width >> 3,
      height: height >> 3,
      channels: 3,
      background,
      noise: { type: 'gaussian', mean: 128, sigma: 50 },
    },
  })
    .resize(width, height)
    .png()
    .toBuffer();
  const raw = await sharp({ create: { width, height, channels, background } })
    .composite([{ input: noise, blend: 'overlay' }])
    .raw()
    .toBuffer({ resolveWithObject: true });
  return sharp(raw.data, { raw: { width, height, channels: raw.info.channels } });
}

const sources: [string, Buffer][] = [
  ['JPEG 4000×3000', await (await scene(4000, 3000)).jpeg().toBuffer()],
  ['JPEG 1920×1080', await (await scene(1920, 1080)).jpeg().toBuffer()],
  ['JPEG 640×480', await (await scene(640, 480)).jpeg().toBuffer()],
  ['JPEG 540×405', await (await scene(540, 405)).jpeg().toBuffer()],
  ['PNG 640×480', await (await scene(640, 480)).png().toBuffer()],
  ['WebP 640×480', await (await scene(640, 480)).webp().toBuffer()],
  ['JPEG 800×600', await (await scene(800, 600)).jpeg().toBuffer()],
  ['JPEG 320×240', await (await scene(320, 240)).jpeg().toBuffer()],
  ['PNG 2048×1536 alpha', await (await scene(2048, 1536, 4)).png().toBuffer()],
  ['PNG 900×700', await (await scene(900, 700)).png().toBuffer()],
  ['WebP 2000×1500', await (await scene(2000, 1500)).webp().toBuffer()],
  ['WebP 1100×800', await (await scene(1100, 800)).webp().toBuffer()],
  ['AVIF 1600×1200', await (await scene(1600, 1200)).avif({ effort: 2 }).toBuffer()],
];

const upright = (source: Buffer) => sharp(source).autoOrient().flatten({ background: 'white' }).resize(512);
const contenders: [string, (source: Buffer) => Promise<unknown>][] = [
  ['obvious', (source) => upright(source).grayscale().jpeg({ quality: 80 }).toBuffer()],
  ['grey first', (source) => upright(source).grayscale().toColourspace('b-w').jpeg({ quality: 80 }).toBuffer()],
  ['grey last', (source) => upright(source).toColourspace('b-w').jpeg({ quality: 80 }).toBuffer()],
  ['with placeholder', (source) => processImage(source, limits)],
];

configureSharp(limits.acceptedFormats);
console.log(`milliseconds, medians of ${ROUNDS} in turn; in brackets the speed against the obvious chain`);
console.log(['source'.padEnd(20), ...contenders.map(([name]) => name.padEnd(18))].join(''));
for (const [name, source] of sources) {
  const times = contenders.map(() => [] as number[]);
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const [index, [, run]] of contenders.entries()) {
      const begin = performance.now();
      await run(source);
      if (round >= 0) times[index]?.push(performance.now() - begin);
    }
  }
  const medians = times.map(median);
  const cells = medians.map((ms) => `${ms.toFixed(1)} (${((medians[0] ?? 0) / ms).toFixed(2)}×)`.padEnd(18));
  console.log(name.padEnd(20) + cells.join(''));
}
