import sharp from 'sharp';
import { configureSharp } from '../../src/imaging/configure-sharp.ts';
import { detectFormat } from '../../src/imaging/formats.ts';
import { ImageError } from '../../src/imaging/image-error.ts';
import { processImage } from '../../src/imaging/pipeline.ts';
import { codedImage, heicFile, makeHeic, properties } from '../support/heic.ts';
import { encoded } from '../support/images.ts';

const limits = { acceptedFormats: ['heic'] as const, maxPixels: 50_000_000, maxFrames: 100 };
const half = codedImage('halves');
const image = codedImage('quadrants');
const alpha = codedImage('quadrants', 1);

/** The quadrants of the image of this name. */
const [red, green, blue, clear] = ['#c82828', '#28b428', '#2828c8', 'transparent'];
const quadrants = [red, green, blue, clear];

/** Processes a file and returns the colours in the middle of its quadrants: the upper two, then the lower two. */
async function quadrantsOf(file: Buffer, options: object = {}) {
  const made = await processImage(file, limits, [{ width: 64, grayscale: false, format: 'png', ...options }]);
  const { data, info } = await sharp(made.images[0]?.data).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return [
    [1, 1],
    [3, 1],
    [1, 3],
    [3, 3],
  ].map(([x = 0, y = 0]) => {
    const start = 4 * (Math.floor((info.height * y) / 4) * info.width + Math.floor((info.width * x) / 4));
    return [...data.subarray(start, start + 4)];
  });
}

function channelsOf(colour: string | undefined): number[] {
  if (colour === undefined || colour === clear) return [0, 0, 0, 0];
  return [...Buffer.from(colour.slice(1), 'hex'), 255];
}

/** Compares colours. HEVC is lossy. */
function expectColours(found: number[][], expected: (string | undefined)[]) {
  for (const [index, colour] of expected.entries()) {
    const wanted = channelsOf(colour);
    const distance = Math.max(...wanted.map((value, channel) => Math.abs(value - (found[index]?.[channel] ?? 999))));
    // The message shows both colours.
    expect({ found: found[index], isNear: distance <= 3 }).toEqual({ found: found[index], isNear: true });
  }
}

async function exifWithOrientation6(): Promise<Buffer> {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } });
  const jpeg = await pixel
    .withExif({ IFD0: { Orientation: '6', Copyright: 'Ada' } })
    .jpeg()
    .toBuffer();
  return (await sharp(jpeg).metadata()).exif ?? Buffer.alloc(0);
}

test('decodes the colours and the transparency of a HEIC by another encoder', async () => {
  expectColours(await quadrantsOf(heicFile('quadrants')), quadrants);
  expectColours(await quadrantsOf(heicFile('quadrants'), { format: 'original' }), [red, green, blue, '#ffffff']);
});

test('decodes a HEIC with 10 bits a channel', async () => {
  expectColours(await quadrantsOf(heicFile('10-bit')), ['#203040', '#e0c8a0', '#203040', '#e0c8a0']);
});

test.each([
  ['0 degrees', [properties.rotation(0)], [red, green, blue, clear]],
  ['90 degrees', [properties.rotation(90)], [green, clear, red, blue]],
  ['180 degrees', [properties.rotation(180)], [clear, blue, green, red]],
  ['270 degrees', [properties.rotation(270)], [blue, red, clear, green]],
  ['mirrored top and bottom', [properties.mirror('top and bottom')], [blue, clear, red, green]],
  ['mirrored left and right', [properties.mirror('left and right')], [green, red, clear, blue]],
  [
    '90 degrees, then mirrored left and right',
    [properties.rotation(90), properties.mirror('left and right')],
    [clear, green, blue, red],
  ],
])('applies the orientation of the file: %s', async (_, orientation, expected) => {
  expectColours(await quadrantsOf(makeHeic({ image, alpha, properties: orientation })), expected);
});

test('takes the size from the rotated image', async () => {
  const tall = makeHeic({ image: half, properties: [properties.rotation(270)] });
  const { images } = await processImage(tall, limits, [{ width: 480 }]);
  expect(images[0]).toMatchObject({ width: 480, height: 640 });
});

test('ignores the orientation in EXIF, and keeps EXIF and XMP if requested', async () => {
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"/>';
  const file = makeHeic({ image, alpha, exif: await exifWithOrientation6(), xmp });
  for (const keepMetadata of [false, true]) expectColours(await quadrantsOf(file, { keepMetadata }), quadrants);

  const kept = await processImage(file, limits, [{ keepMetadata: true }]);
  const metadata = await sharp(kept.images[0]?.data).metadata();
  expect(metadata.exif?.includes('Ada')).toBe(true);
  expect(metadata.xmp?.toString()).toBe(xmp);
  // 1 is upright.
  expect(metadata.orientation ?? 1).toBe(1);
  const removed = await processImage(file, limits);
  expect(await sharp(removed.images[0]?.data).metadata()).not.toHaveProperty('exif');
});

test('processes a file whose EXIF is unreadable', async () => {
  const whole = await exifWithOrientation6();
  for (const exif of [Buffer.alloc(0), Buffer.alloc(40, 'x'), whole.subarray(0, 12), whole.subarray(0, 20)]) {
    expectColours(await quadrantsOf(makeHeic({ image, alpha, exif }), { keepMetadata: true }), quadrants);
  }
});

test('converts the colours of Display P3, declared by a profile or by number, and no others', async () => {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } });
  const p3 = (await sharp(await pixel.withIccProfile('p3').png().toBuffer()).metadata()).icc ?? Buffer.alloc(0);
  const withProfile = await quadrantsOf(makeHeic({ image, properties: [properties.profile(p3)] }));
  // The same colours in sRGB, by the matrices of CSS Color 4, section 17.
  expectColours(withProfile.slice(0, 3), ['#da001a', '#00b700', '#2828d0']);
  expect(await quadrantsOf(makeHeic({ image, properties: [properties.colours(12, 13, 6)] }))).toEqual(withProfile);
  expectColours(await quadrantsOf(makeHeic({ image, alpha, properties: [properties.colours(1, 13, 6)] })), quadrants);
});

test('puts the cells of a grid together, and crops the last ones', async () => {
  const grid = makeHeic({ image: half, grid: { columns: 2, rows: 2, width: 960, height: 800 } });
  const { images } = await processImage(grid, limits, [{ width: 960, grayscale: false, format: 'png' }]);
  expect(images[0]).toMatchObject({ width: 960, height: 800 });
  const { data, info } = await sharp(images[0]?.data).raw().toBuffer({ resolveWithObject: true });
  const found = [160, 480, 800].map((x) => [...data.subarray((700 * info.width + x) * 3).subarray(0, 3), 255]);
  expectColours(found, ['#203040', '#e0c8a0', '#203040']);
});

test('makes several results of one HEIC', async () => {
  const { images } = await processImage(heicFile('halves'), limits, [{ width: 64 }, { width: 32, format: 'webp' }]);
  expect(images).toMatchObject([{ width: 64 }, { width: 32, format: 'webp' }]);
});

describe('refuses before it decodes', () => {
  const large = { width: 60_000, height: 60_000 };
  const tooLarge = '3600 megapixels, the limit is 50';
  const larger = 'contains an image that is larger than the limit, or than declared';
  test.each([
    ['an image that declares too many pixels', { image, declared: large }, tooLarge],
    ['a grid that declares too many pixels', { image, grid: { columns: 2, rows: 2, ...large } }, tooLarge],
    [
      'a grid that declares fewer pixels than it has',
      { image, grid: { columns: 2, rows: 2, width: 10_000, height: 10_000 }, declared: { width: 64, height: 64 } },
      larger,
    ],
    ['an image that declares fewer pixels than it has', { image: half, declared: { width: 64, height: 64 } }, larger],
  ])('%s', async (_, content, message) => {
    await expect(processImage(makeHeic(content), limits)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE', message });
  });
});

test.each([
  ['an image that declares more pixels than it has', makeHeic({ image, declared: { width: 6000, height: 6000 } })],
  [
    'a grid that declares another size than its own',
    makeHeic({ image, grid: { columns: 2, rows: 2, width: 128, height: 128 }, declared: { width: 100, height: 128 } }),
  ],
  ['a grid without enough cells', makeHeic({ image, grid: { columns: 1, rows: 1, width: 640, height: 64 } })],
  ['a file without an image', makeHeic({ image: { ...image, data: Buffer.alloc(20) } })],
])('fails with an ImageError for %s', async (_, file) => {
  await expect(processImage(file, limits)).rejects.toThrow(/^(corrupt|truncated) HEIC$/);
});

test('fails with an ImageError wherever a file ends', async () => {
  const file = heicFile('quadrants');
  for (const length of [16, 40, 120, 300, 500, 620, file.length - 30]) {
    await expect(processImage(file.subarray(0, length), limits)).rejects.toThrow(ImageError);
  }
});

test('refuses other codecs than HEVC in the same container', async () => {
  const avif = await encoded('avif');
  const disguised = Buffer.from(avif);
  disguised.write('heic', 8, 'latin1');
  expect(await detectFormat(disguised, limits.acceptedFormats)).toBe('heic');
  await expect(processImage(disguised, limits)).rejects.toThrow('not a supported image');
});

test('works with only the loaders that HEIC needs', async () => {
  configureSharp(['heic']);
  try {
    expectColours(await quadrantsOf(heicFile('quadrants')), quadrants);
  } finally {
    // libvips is shared by all test files of this Jest process.
    sharp.unblock({ operation: ['VipsForeignLoad'] });
  }
});
