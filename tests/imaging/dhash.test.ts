import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { differenceHash } from '../../src/imaging/dhash.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { makeResults } from '../support/make-results.ts';

/** A photograph, upright. */
const photo = sharp(readFileSync(join(projectRoot, 'docs/images/before.jpg')))
  .autoOrient()
  .png()
  .toBuffer();

const hashOf = async (image: Sharp, options = {}) => (await makeResults(options, image.toBuffer())).dhash;

/** Counts the bits in which two hashes differ. */
function distance(one: string, other: string): number {
  const bits = BigInt(`0x${one}`) ^ BigInt(`0x${other}`);
  return bits.toString(2).replaceAll('0', '').length;
}

test.each<[string, (image: Sharp) => Sharp, object]>([
  ['of low quality', (image) => image.jpeg({ quality: 10 }), {}],
  ['as WebP', (image) => image.webp({ quality: 40 }), {}],
  ['reduced', (image) => image.resize(200), {}],
  ['enlarged', (image) => image.resize(2500).jpeg(), {}],
  ['in grey', (image) => image.grayscale(), {}],
  ['brighter', (image) => image.modulate({ brightness: 1.2 }), {}],
  ['made with another size', (image) => image, { width: 100 }],
  ['made in colour, with another format', (image) => image, { grayscale: false, format: 'webp' }],
])('differs in few bits for the same photograph %s', async (_, change, options) => {
  const original = await hashOf(sharp(await photo));
  expect(distance(original, await hashOf(change(sharp(await photo)), options))).toBeLessThanOrEqual(4);
});

test.each<[string, (image: Sharp) => Sharp]>([
  ['mirrored', (image) => image.flop()],
  ['upside down', (image) => image.flip()],
  ['negated', (image) => image.negate()],
])('differs in many bits for the photograph %s', async (_, change) => {
  const original = await hashOf(sharp(await photo));
  expect(distance(original, await hashOf(change(sharp(await photo))))).toBeGreaterThan(12);
});

/** An image of 9 × 8 pixels. */
const nineByEight = (channels: number, levels: (x: number, y: number) => number[]) => ({
  data: Uint8Array.from({ length: 72 }, (_, at) => at).reduce<Uint8Array>(
    (data, at) => {
      data.set(levels(at % 9, Math.floor(at / 9)), at * channels);
      return data;
    },
    new Uint8Array(72 * channels),
  ),
  width: 9,
  height: 8,
  channels,
});

test.each([
  ['brighter to the right', (x: number) => x * 20, 'ffffffffffffffff'],
  ['darker to the right', (x: number) => 200 - x * 20, '0000000000000000'],
  ['of one colour', () => 128, '0000000000000000'],
  ['of stripes', (x: number) => (x % 2) * 100, 'aaaaaaaaaaaaaaaa'],
  ['brighter to the right in its first row only', (x: number, y: number) => (y === 0 ? x * 20 : 9), 'ff00000000000000'],
  ['brighter at the end of its last row', (x: number, y: number) => (x === 8 && y === 7 ? 9 : 0), '0000000000000001'],
])('of an image %s is known', (_, level, hash) => {
  for (const channels of [1, 2, 3, 4]) {
    const pixels = nineByEight(channels, (x, y) =>
      Array.from({ length: channels }, (_value, channel) =>
        channels % 2 === 0 && channel === channels - 1 ? 255 : level(x, y),
      ),
    );
    expect(differenceHash(pixels)).toBe(hash);
  }
});

test('weighs the channels as libvips does: a green pixel is brighter than a red one, and a red one than a blue one', () => {
  const colours = [
    [0, 0, 255],
    [255, 0, 0],
    [0, 255, 0],
  ];
  expect(differenceHash(nineByEight(3, (x) => colours[x % 3] ?? []))).toBe('db'.repeat(8));
});

test('sees transparent pixels as white, whatever their colour', () => {
  const clear = (level: number) => nineByEight(2, (x) => [x === 4 ? level : 100, x === 4 ? 0 : 255]);
  const white = nineByEight(1, (x) => [x === 4 ? 255 : 100]);
  for (const level of [0, 100, 255]) expect(differenceHash(clear(level))).toBe(differenceHash(white));
  expect(differenceHash(white)).toBe('10'.repeat(8));
});

test.each([100, 500])('of a transparent PNG, %i pixels wide, is that of the same image as JPEG', async (width) => {
  const circle = Buffer.from('<svg width="300" height="200"><circle cx="90" cy="90" r="80" fill="#c04020"/></svg>');
  const source = await sharp(circle).png().toBuffer();
  const [asPng, asJpeg] = [
    await hashOf(sharp(source), { format: 'png', width }),
    await hashOf(sharp(source), { width }),
  ];
  expect(distance(asPng, asJpeg)).toBeLessThanOrEqual(1);
  expect(asPng).not.toBe('0'.repeat(16));
});

test.each([
  [1, 1],
  [2, 3],
  [1, 100],
  [100, 1],
])('exists for an image of %i × %i pixels', (width, height) => {
  const data = Uint8Array.from({ length: width * height }, (_, at) => (at % width) * 2);
  expect(differenceHash({ data, width, height, channels: 1 })).toMatch(/^[0-9a-f]{16}$/);
});
