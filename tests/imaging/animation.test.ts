import sharp from 'sharp';
import { jpeg } from '../support/images.ts';
import { makeResults } from '../support/make-results.ts';

const colours = ['#000000', '#ff0000', '#ffffff'];
const timing = { delay: [100, 200, 300], loop: 2 };

/** An animation of 90×60 pixels, each frame in one colour. */
async function animation(format: 'gif' | 'webp', frames: readonly string[] = colours): Promise<Uint8Array> {
  const images = frames.map((background) =>
    sharp({ create: { width: 90, height: 60, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  const joined = sharp(await Promise.all(images), { join: { animated: true } });
  return joined[format]({ ...timing, delay: frames.map((_, at) => timing.delay[at % 3] ?? 0) }).toBuffer();
}

async function make(given: Record<string, unknown>, from: Uint8Array | Promise<Uint8Array>, more: object = {}) {
  const { first, placeholder } = await makeResults(given, from, more);
  return { ...first, placeholder };
}

/** Returns the colour in the middle of each frame, as levels of red, green and blue. */
async function framesOf(image: Uint8Array): Promise<number[][]> {
  const { pages = 1 } = await sharp(image).metadata();
  return Promise.all(
    Array.from({ length: pages }, async (_, page) => {
      const { data, info } = await sharp(image, { page })
        .toColourspace('srgb')
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * info.channels;
      return [...data.subarray(at, at + 3)];
    }),
  );
}

describe.each([
  ['gif', 'gif'],
  ['gif', 'webp'],
  ['webp', 'gif'],
  ['webp', 'webp'],
] as const)('an animated %s to %s', (from, format) => {
  test.each<[Record<string, unknown>, number, number]>([
    [{ width: 45 }, 45, 30],
    [{ width: 40, height: 40 }, 40, 40],
    [{ width: 40, height: 40, focus: '0,0' }, 40, 40],
    [{ width: 40, height: 40, fit: 'contain', background: '#00ff00' }, 40, 40],
    [{ width: 45, pad: '5', background: '#00ff00' }, 55, 40],
    [{ width: 45, flop: true, brightness: 1 }, 45, 30],
    [{ width: 180, maxBytes: 100_000 }, 180, 120],
  ])('%j keeps frames, their colours and their timing', async (options, width, height) => {
    const made = await make({ animated: true, grayscale: false, format, ...options }, animation(from));
    expect(made).toMatchObject({ width, height, format });
    expect(await sharp(made.data, { animated: true }).metadata()).toMatchObject({
      ...timing,
      pages: 3,
      width,
      pageHeight: height,
    });
    const [black, red, white] = await framesOf(made.data);
    expect(black?.every((level) => level < 12)).toBe(true);
    expect(red?.[0]).toBeGreaterThan(240);
    expect(red?.[1]).toBeLessThan(20);
    expect(white?.every((level) => level > 243)).toBe(true);
    expect(made.placeholder.dominantColor).toBe(
      options.pad || options.fit ? made.placeholder.dominantColor : '#080808',
    );
  });

  test('becomes grey, and keeps its format with original', async () => {
    const made = await make({ animated: 'true', format: 'original', width: 45 }, animation(from));
    expect(made.format).toBe(from);
    const [, red] = await framesOf(made.data);
    expect(Math.abs((red?.[0] ?? 0) - (red?.[1] ?? 255))).toBeLessThan(8);
  });
});

test('a still image stays one', async () => {
  const made = await make({ animated: true, format: 'gif' }, jpeg(90, 60));
  expect((await sharp(made.data).metadata()).pages ?? 1).toBe(1);
  expect(await make({ animated: true, format: 'original' }, jpeg(90, 60))).toMatchObject({ format: 'jpeg' });
});

test('only the first frame is used without animated', async () => {
  const made = await make({ format: 'webp', grayscale: false }, animation('gif'));
  expect((await sharp(made.data).metadata()).pages ?? 1).toBe(1);
});

describe('frame', () => {
  test.each(['gif', 'webp'] as const)('makes a still image of a frame of a %s', async (format) => {
    for (const [frame, red] of [0, 255, 255].entries()) {
      const { data } = await make({ frame, grayscale: false, format: 'png', width: 45 }, animation(format));
      expect(Math.abs(((await framesOf(data))[0]?.[0] ?? 99) - red)).toBeLessThan(4);
    }
  });

  test('fails if the image does not have it', async () => {
    const failure = { code: 'IMAGE_UNSUITABLE', message: 'frame 3 does not exist; the last one is 2' };
    await expect(make({ frame: 3 }, animation('gif'))).rejects.toMatchObject(failure);
    await expect(make({ frame: 1 }, jpeg(9, 9))).rejects.toMatchObject({ code: 'IMAGE_UNSUITABLE' });
    expect(await make({ frame: 0 }, jpeg(9, 9))).toMatchObject({ width: 512 });
  });
});

test('an animation with an orientation fails, since its frames are one image to libvips', async () => {
  const turned = sharp(await animation('webp'), { animated: true })
    .withMetadata({ orientation: 6 })
    .webp()
    .toBuffer();
  const failure = { code: 'IMAGE_UNSUITABLE' };
  await expect(make({ animated: true, format: 'webp' }, turned)).rejects.toMatchObject(failure);
  await expect(make({ format: 'webp' }, turned)).resolves.toBeDefined();
});

describe('refuses by the header', () => {
  const many = Array.from({ length: 12 }, (_, at) => `#${(at * 20 + 16).toString(16)}0000`);

  test('too many frames', async () => {
    const failure = { code: 'IMAGE_TOO_LARGE', message: '12 frames, the limit is 11' };
    await expect(
      make({ animated: true, format: 'gif' }, animation('gif', many), { maxFrames: 11 }),
    ).rejects.toMatchObject(failure);
    await expect(
      make({ animated: true, format: 'gif' }, animation('gif', many), { maxFrames: 12 }),
    ).resolves.toBeDefined();
    // A still image needs one frame.
    await expect(make({}, animation('gif', many), { maxFrames: 1 })).resolves.toBeDefined();
  });

  test('too many pixels in all frames together', async () => {
    const maxPixels = 90 * 60 * 11;
    const failure = { code: 'IMAGE_TOO_LARGE', message: expect.stringContaining('megapixels in 12 frames') };
    await expect(
      make({ animated: true, format: 'webp' }, animation('webp', many), { maxPixels }),
    ).rejects.toMatchObject(failure);
  });

  test('too many pixels of the result in all frames together', async () => {
    const options = { animated: true, format: 'gif', width: 600 };
    const failure = { code: 'OUTPUT_TOO_LARGE', message: expect.stringContaining('megapixels of results') };
    await expect(make(options, animation('gif', many))).rejects.toMatchObject(failure);
  });
});
