import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Region } from 'sharp';
import { configureSharp } from '../../src/imaging/configure-sharp.ts';
import { formats } from '../../src/imaging/formats.ts';
import { ImageError } from '../../src/imaging/image-error.ts';
import { processImage as processAll } from '../../src/imaging/pipeline.ts';
import { formatNames } from '../../src/shared/setting-types.ts';
import { largeOriginal } from '../../src/storage/large-original.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { encoded, jpeg, png, testImage, truncatedJpeg } from '../support/images.ts';
import { limits } from '../support/make-results.ts';

/** Processes an image without options, and returns the single result. */
async function processImage(...args: Parameters<typeof processAll>) {
  const { images } = await processAll(...args);
  const [only] = images;
  if (!only || images.length > 1) throw new Error(`made ${images.length} images`);
  return only;
}

/** Returns the mean brightness of an image or a region of it, from 0 (black) to 255 (white). */
async function brightness(image: Uint8Array, region?: Region): Promise<number> {
  const part = region ? sharp(image).extract(region) : sharp(image);
  const { channels } = await sharp(await part.png().toBuffer()).stats();
  return channels[0]?.mean ?? Number.NaN;
}

describe.each(formatNames)('%s', (name) => {
  test('becomes an upright greyscale JPEG, 512 pixels wide, with one channel and no metadata', async () => {
    const { data, ...rest } = await processImage(await encoded(name), limits);
    expect(rest).toEqual({ width: 512, height: 384, format: 'jpeg' });
    const metadata = await sharp(data).metadata();
    expect(metadata).toMatchObject({ format: 'jpeg', width: 512, height: 384, channels: 1, space: 'b-w' });
    expect(metadata).not.toHaveProperty('exif');
    expect(metadata).not.toHaveProperty('icc');
    // The left half of the source is dark, the right half is light.
    expect(await brightness(data, { left: 0, top: 0, width: 200, height: 384 })).toBeLessThan(90);
    expect(await brightness(data, { left: 312, top: 0, width: 200, height: 384 })).toBeGreaterThan(170);
  });

  test('fails with an ImageError that names the format when it is truncated', async () => {
    const whole = await encoded(name);
    const cut = processImage(whole.subarray(0, Math.floor(whole.length * 0.6)), limits);
    await expect(cut).rejects.toThrow(ImageError);
    // A TIFF can have its directory at the end. Without it libvips does not recognize the format.
    const message =
      name === 'tiff' ? /^not a supported image$/ : new RegExp(`^(truncated|corrupt) ${formats[name].label}$`);
    await expect(cut).rejects.toThrow(message);
  });

  test('gives the same results and the same failures when it is read from a file', async () => {
    const path = join(await temporaryFolder(), 'file');
    const whole = await encoded(name);
    for (const content of [whole, whole.subarray(0, Math.floor(whole.length * 0.6)), Buffer.alloc(100)]) {
      await writeFile(path, content);
      // One after the other: libvips collects the messages of all operations that run at the same time.
      const [direct] = await Promise.allSettled([processImage(content, limits)]);
      const [fromFile] = await Promise.allSettled([processImage(largeOriginal(path), limits)]);
      expect(fromFile).toEqual(direct);
    }
  });

  test('is refused if it is not an accepted format', async () => {
    const acceptedFormats = formatNames.filter((other) => other !== name);
    await expect(processImage(await encoded(name), { ...limits, acceptedFormats })).rejects.toThrow(
      'not a supported image',
    );
  });
});

test('reports a truncated JPEG as such', async () => {
  await expect(processImage(await truncatedJpeg(), limits)).rejects.toThrow('truncated JPEG');
});

test.each([
  ['smaller', 200, 150],
  ['nearly the same', 600, 450],
  ['much larger', 3000, 2250],
])(
  'an image that is %s becomes greyscale with the same brightness as in a plain sharp pipeline',
  async (_, width, height) => {
    const source = await jpeg(width, height);
    const { data, ...rest } = await processImage(source, limits);
    expect(rest).toMatchObject({ width: 512, height: 384 });
    expect((await sharp(data).metadata()).channels).toBe(1);
    const reference = await sharp(source).resize(512).grayscale().jpeg({ quality: 80 }).toBuffer();
    expect(Math.abs((await brightness(data)) - (await brightness(reference)))).toBeLessThan(3);
  },
);

test.each([1, 2, 3, 4, 5, 6, 7, 8])('applies EXIF orientation %i', async (orientation) => {
  // Dark on the left, light on the right. The reference is sharp's own autoOrient.
  const rotated = await testImage(900, 600).withMetadata({ orientation }).jpeg().toBuffer();
  const { data, width, height } = await processImage(rotated, limits);
  expect([width, height]).toEqual(orientation >= 5 ? [512, 768] : [512, 341]);
  const upright = await sharp(rotated).autoOrient().resize(512).toBuffer();
  const corner = { left: 0, top: 0, width: 100, height: 100 };
  expect(
    Math.abs(
      (await brightness(data, corner)) - (await brightness(await sharp(upright).grayscale().toBuffer(), corner)),
    ),
  ).toBeLessThan(5);
});

test('renders transparency as white', async () => {
  const clear = await sharp({
    create: { width: 800, height: 600, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
  })
    .png()
    .toBuffer();
  expect(await brightness((await processImage(clear, limits)).data)).toBe(255);
});

test('uses the first frame of an animation', async () => {
  const frame = (background: string) =>
    sharp({ create: { width: 600, height: 300, channels: 3, background } })
      .png()
      .toBuffer();
  const frames = await Promise.all(['#000000', '#ffffff'].map(frame));
  for (const name of ['gif', 'webp'] as const) {
    const animation = await sharp(frames, { join: { animated: true } })
      .toFormat(name)
      .toBuffer();
    const { data, height } = await processImage(animation, limits);
    expect(height).toBe(256);
    expect(await brightness(data)).toBeLessThan(5);
  }
});

test('converts colours with the embedded profile', async () => {
  const red = sharp({ create: { width: 600, height: 600, channels: 3, background: '#ff0000' } });
  const inP3 = await red.clone().withIccProfile('p3').jpeg({ quality: 100 }).toBuffer();
  const inSrgb = await red.jpeg({ quality: 100 }).toBuffer();
  const difference =
    (await brightness((await processImage(inP3, limits)).data)) -
    (await brightness((await processImage(inSrgb, limits)).data));
  expect(Math.abs(difference)).toBeLessThan(3);
});

test('processes a CMYK JPEG and a 16-bit PNG', async () => {
  const cmyk = await testImage().toColourspace('cmyk').jpeg().toBuffer();
  const deep = await testImage().toColourspace('rgb16').png().toBuffer();
  for (const source of [cmyk, deep]) {
    expect((await sharp((await processImage(source, limits)).data).metadata()).channels).toBe(1);
  }
});

test('refuses an image with too many pixels by its header', async () => {
  const large = await sharp({ create: { width: 9000, height: 6667, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  await expect(processImage(large, limits)).rejects.toThrow(
    new ImageError('IMAGE_TOO_LARGE', '60.1 megapixels, the limit is 50'),
  );
  await expect(processImage(await png(), { ...limits, maxPixels: 640 * 480 })).resolves.toBeDefined();
  await expect(processImage(await png(), { ...limits, maxPixels: 640 * 480 - 1 })).rejects.toThrow(
    '0.4 megapixels, the limit is 0.4',
  );
});

test('refuses an image whose result would be too tall for a JPEG', async () => {
  const sliver = await sharp({ create: { width: 2, height: 2000, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  await expect(processImage(sliver, limits)).rejects.toThrow('2×2000 pixels would become 512×512000');
});

test.each(['<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'plain text', ''])(
  'refuses %p as an unsupported image',
  async (text) => {
    await expect(processImage(Buffer.from(text), limits)).rejects.toThrow('not a supported image');
  },
);

test('configureSharp disables the loaders of all formats that are not accepted', async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  await expect(sharp(svg).metadata()).resolves.toMatchObject({ format: 'svg' });
  const [tiff, jpegFile] = [await encoded('tiff'), await encoded('jpeg')];
  configureSharp(['jpeg']);
  try {
    await expect(sharp(svg).metadata()).rejects.toThrow('unsupported image format');
    await expect(sharp(tiff).metadata()).rejects.toThrow('unsupported image format');
    await expect(sharp(jpegFile).metadata()).resolves.toMatchObject({ format: 'jpeg' });
  } finally {
    // libvips is shared by all test files of this Jest process.
    sharp.unblock({ operation: ['VipsForeignLoad'] });
  }
});
