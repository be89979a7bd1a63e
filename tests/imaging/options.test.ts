import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import type { ImageOptions } from '../../src/imaging/options.ts';
import { toOutputs } from '../../src/imaging/outputs.ts';
import { makePlaceholder } from '../../src/imaging/placeholder.ts';
import { toPresets } from '../../src/imaging/presets.ts';
import { type FormatName, formatNames, projectRoot } from '../../src/shared/setting-types.ts';
import { encoded, jpeg, testImage } from '../support/images.ts';
import { limits, makeResults } from '../support/make-results.ts';

/** 800×600 pixels, dark on the left and light on the right. */
const source = jpeg(800, 600);

async function make(given: Record<string, unknown>, from = source) {
  const { first, images } = await makeResults(given, from);
  return { ...first, metadata: await sharp(first.data).metadata(), all: images };
}

/** Returns the visible pixels of an image, on a white background. */
async function visiblePixels(image: Uint8Array | undefined) {
  const { data, info } = await sharp(image)
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: [...data], info: [info.width, info.height, (await sharp(image).metadata()).hasAlpha] };
}

/** Returns the mean of each channel in a region of 4×4 pixels. */
async function colour(data: Uint8Array, left: number, top: number): Promise<number[]> {
  const { channels } = await sharp(
    await sharp(data).extract({ left, top, width: 4, height: 4 }).png().toBuffer(),
  ).stats();
  return channels.map(({ mean }) => Math.round(mean));
}

describe('applies the option', () => {
  test.each<[ImageOptions, number, number]>([
    [{}, 512, 384],
    [{ width: 100 }, 100, 75],
    [{ height: 300 }, 400, 300],
    [{ width: 200, height: 200 }, 200, 200],
    [{ width: 200, height: 200, fit: 'contain' }, 200, 200],
    [{ width: 200, height: 200, fit: 'inside' }, 200, 150],
    [{ width: 200, height: 200, fit: 'outside' }, 267, 200],
    [{ width: 200, height: 50, fit: 'fill' }, 200, 50],
    [{ width: 1600 }, 1600, 1200],
    [{ width: 1600, enlarge: false }, 800, 600],
    [{ rotate: 90 }, 512, 683],
    [{ rotate: 180 }, 512, 384],
    [{ rotate: 270, width: 300 }, 300, 400],
  ])('size %p', async (options, width, height) => {
    const made = await make(options);
    expect([made.width, made.height]).toEqual([width, height]);
    expect([made.metadata.width, made.metadata.height]).toEqual([width, height]);
  });

  test.each([
    ['jpeg', 'jpeg'],
    ['png', 'png'],
    ['webp', 'webp'],
    ['avif', 'heif'],
    ['original', 'jpeg'],
  ])('format %s', async (format, sharpFormat) => {
    const made = await make({ format, width: 64 });
    expect(made.metadata.format).toBe(sharpFormat);
  });

  test.each(formatNames)('format original to a %s', async (name: FormatName) => {
    const made = await make({ format: 'original', width: 64 }, encoded(name));
    const format = name === 'heic' ? 'jpeg' : name;
    expect(made.format).toBe(format);
    expect(made.metadata.format).toBe(format === 'avif' ? 'heif' : format);
  });

  test('grayscale', async () => {
    expect((await make({ grayscale: 'true' })).metadata.channels).toBe(1);
    expect((await make({ grayscale: 'false' })).metadata.channels).toBe(3);
  });

  test('quality', async () => {
    const [low, high] = await Promise.all([make({ quality: 10 }), make({ quality: '95' })]);
    expect(low.data.length).toBeLessThan(high.data.length / 2);
  });

  test('position', async () => {
    const crop = { width: 100, height: 400, grayscale: false };
    const [west = 0] = await colour((await make({ ...crop, position: 'west' })).data, 50, 200);
    const [east = 0] = await colour((await make({ ...crop, position: 'east' })).data, 50, 200);
    expect(west).toBeLessThan(110);
    expect(east).toBeGreaterThan(200);
    for (const position of ['entropy', 'attention', 'north', 'southwest', 'center']) {
      expect((await make({ ...crop, position })).width).toBe(100);
    }
  });

  test('rotate clockwise', async () => {
    const { data, width } = await make({ rotate: 90, grayscale: false });
    // The dark left half is now at the top.
    const [top = 0] = await colour(data, Math.round(width / 2), 20);
    const [bottom = 0] = await colour(data, Math.round(width / 2), 640);
    expect(top).toBeLessThan(bottom - 80);
  });

  test('background, under transparency and around an image with fit contain', async () => {
    const clear = sharp({ create: { width: 100, height: 50, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toBuffer();
    const size = { width: 100, height: 100, fit: 'contain', grayscale: false, quality: 100 };
    for (const y of [2, 50]) {
      expect(await colour((await make({ ...size, background: '#ff0000' }, clear)).data, 50, y)).toEqual([254, 0, 0]);
      expect(await colour((await make(size, clear)).data, 50, y)).toEqual([255, 255, 255]);
      expect((await colour((await make({ ...size, format: 'png' }, clear)).data, 50, y)).at(-1)).toBe(0);
    }
  });

  test('blur and sharpen', async () => {
    const deviation = async (options: ImageOptions) =>
      (
        await sharp((await make({ format: 'png', ...options })).data)
          .extract({ left: 20, top: 20, width: 200, height: 300 })
          .stats()
      ).channels[0]?.stdev ?? 0;
    const [plain, blurred, sharpened] = [
      await deviation({}),
      await deviation({ blur: 5 }),
      await deviation({ sharpen: 2 }),
    ];
    expect(blurred).toBeLessThan(plain);
    expect(sharpened).toBeGreaterThan(plain);
  });

  test('keepMetadata', async () => {
    const tagged = testImage()
      .withExif({ IFD0: { Copyright: 'A. Author' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect((await make({}, tagged)).metadata.exif).toBeUndefined();
    const kept = await make({ keepMetadata: 'true' }, tagged);
    expect(kept.metadata.exif?.includes('A. Author')).toBe(true);
    // The pixels are already rotated, so the orientation tag must not rotate them again.
    expect(kept.metadata.orientation ?? 1).toBe(1);
    expect(kept.metadata.icc).toBeUndefined();
  });

  test('variants, whose own options override the common ones', async () => {
    const variants = [
      { name: 'thumb', width: 160, format: 'webp' },
      { name: 'large', width: 700 },
    ];
    const { all } = await make({ grayscale: 'false', variants });
    expect(all.map(({ width, height, format }) => [width, height, format])).toEqual([
      [160, 120, 'webp'],
      [700, 525, 'jpeg'],
    ]);
    expect((await sharp(all[1]?.data).metadata()).channels).toBe(3);
  });
});

describe('refuses an invalid option by name', () => {
  test.each<[Record<string, unknown>, string, RegExp]>([
    [{ width: '0' }, 'width', /whole number from 1 to 4096/],
    [{ width: '4097' }, 'width', /whole number from 1 to 4096/],
    [{ width: '1.5' }, 'width', /whole number/],
    [{ width: 'wide' }, 'width', /whole number/],
    [{ height: '-1' }, 'height', /whole number/],
    [{ fit: 'squeeze' }, 'fit', /one of cover, contain/],
    [{ position: 'up' }, 'position', /one of centre/],
    [{ position: 'entropy', fit: 'contain', width: '9', height: '9' }, 'position', /need cover/],
    [{ enlarge: 'yes' }, 'enlarge', /true or false/],
    [{ grayscale: '1' }, 'grayscale', /true or false/],
    [{ format: 'bmp' }, 'format', /one of jpeg, png, webp, avif, gif, original/],
    [{ quality: '101' }, 'quality', /from 1 to 100/],
    [{ rotate: '361' }, 'rotate', /number from -360 to 360/],
    [{ background: 'red;' }, 'background', /colour such as/],
    [{ blur: '51' }, 'blur', /number from 0.3 to 50/],
    [{ sharpen: 'x' }, 'sharpen', /number from 0.1 to 10/],
    [{ keepMetadata: 'some' }, 'keepMetadata', /true, false or one of none, copyright/],
    [{ colour: 'red' }, 'colour', /unknown; the options are width/],
    [{ variants: 'thumb' }, 'variants', /JSON array/],
    [{ variants: [] }, 'variants', /at least one/],
    [{ variants: Array.from({ length: 9 }, (_, index) => ({ name: `v${index}` })) }, 'variants', /at most 8/],
    [{ variants: [{ name: 'a' }, { name: 'A' }] }, 'variants', /different name/],
    [{ variants: [{ width: 10 }] }, 'variants[0].name', /./],
    [{ variants: [{ name: '../x' }] }, 'variants[0].name', /letters, digits/],
    [{ variants: [{ name: 'ok' }, { name: 'b', width: 0 }] }, 'variants[1].width', /whole number/],
    [{ variants: [{ name: 'b', variants: [] }] }, 'variants[0].variants', /unknown/],
    [
      { width: '4096', height: '4096', format: 'avif' },
      'width',
      /16.8 megapixels of results, which cost as much as 67.2 with these options; the limit is 34/,
    ],
    [
      { variants: ['a', 'b', 'c'].map((name) => ({ name, width: 4096, height: 4096 })) },
      'variants',
      /50.4 megapixels of results/,
    ],
  ])('%j', (given, name, message) => {
    const result = toOutputs(given);
    const errors = 'errors' in result ? result.errors : [];
    expect(errors.map((error) => error.name)).toEqual([name]);
    expect(errors[0]?.message).toMatch(message);
  });

  test('with all errors at once', () => {
    const result = toOutputs({ width: '0', quality: '0', format: 'bmp' });
    expect('errors' in result && result.errors.map(({ name }) => name)).toEqual(['width', 'format', 'quality']);
  });

  test('when the header of the image shows that the result would be too large', async () => {
    const flat = sharp({ create: { width: 400, height: 3, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    await expect(make({ height: 4096 }, flat)).rejects.toThrow('a side in jpeg cannot be longer than 65535');
    const sliver = sharp({ create: { width: 3, height: 50, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    await expect(make({ width: 1100, format: 'webp' }, sliver)).rejects.toThrow(
      'a side in webp cannot be longer than 16383',
    );
    const tall = sharp({ create: { width: 40, height: 100, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    await expect(make({ width: 4000 }, tall)).rejects.toThrow(
      /with these options 40×100 pixels would make 40 megapixels/,
    );
  });
});

test('processes the maximum number of variants', async () => {
  const variants = Array.from({ length: 8 }, (_, index) => ({
    name: `v${index}`,
    width: 1000,
    height: 1000,
    format: 'avif',
  }));
  expect((await make({ variants })).all).toHaveLength(8);
});

test('validates presets like an upload, and reports each error with its preset and option', () => {
  expect(toPresets({ avatar: { width: 64 }, set: { variants: [{ name: 'a', width: 9 }] } })).toEqual({
    presets: { avatar: { width: 64 }, set: { variants: [{ name: 'a', width: 9 }] } },
  });
  expect(toPresets({ avatar: { width: 0 }, other: { colour: 1 } })).toMatchObject({
    errors: [{ name: 'avatar.width' }, { name: 'other.colour' }],
  });
  expect(toPresets([])).toMatchObject({ errors: [{ name: 'the file' }] });
});

test('creates a placeholder of less than 30 bytes, with the dominant colour of the image', async () => {
  const blue = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#2040c0' } })
    .png()
    .toBuffer();
  const { placeholder } = await makeResults({ grayscale: false }, blue);
  expect(Buffer.from(placeholder.thumbHash, 'base64').length).toBeLessThan(30);
  expect(placeholder.dominantColor).toBe('#2848c8');
});

test.each([
  ['left', (x: number) => x < 8],
  ['right', (x: number) => x >= 8],
])('chooses the darker of two equally frequent colours, also on the %s', (_side, isDark) => {
  const data = Uint8Array.from({ length: 16 * 16 }, (_, at) => (isDark(at % 16) ? 40 : 200));
  expect(makePlaceholder({ data, width: 16, height: 16, channels: 1 }).dominantColor).toBe('#282828');
});

describe('several variants of one image', () => {
  const variants = [
    { name: 'a', width: 300 },
    { name: 'b', width: 151, grayscale: false, format: 'webp' },
    { name: 'c', width: 100, height: 100 },
    { name: 'd', width: 400, rotate: 90, format: 'png' },
  ];

  test.each(['opaque', 'transparent', 'grey and transparent'])(
    'equal the same results made one by one, from an image that is %s',
    async (kind) => {
      const shape = testImage(701, 467);
      const from = (kind === 'opaque' ? shape : shape.ensureAlpha(0.5))
        .toColourspace(kind.startsWith('grey') ? 'b-w' : 'srgb')
        .png()
        .toBuffer();
      const together = (await make({ variants }, from)).all;
      for (const [index, { name: _, ...options }] of variants.entries()) {
        const alone = await make(options, from);
        const [one, other] = await Promise.all([alone, together[index]].map((made) => visiblePixels(made?.data)));
        expect(other?.info).toEqual(one?.info);
        const differences = one?.data.map((level, at) => Math.abs(level - (other?.data[at] ?? 999)));
        expect(differences?.reduce((sum, difference) => sum + difference, 0)).toBeLessThan(6 * (one?.data.length ?? 0));
      }
    },
  );

  test('decode the image as often as a single result does', async () => {
    const countLoads = async (outputs: ImageOptions[]) => {
      const pipeline = pathToFileURL(join(projectRoot, 'src/imaging/pipeline.ts'));
      const script = `
        import { processImage } from '${pipeline}';
        const source = Buffer.from('${(await source).toString('base64')}', 'base64');
        await processImage(source, ${JSON.stringify(limits)}, ${JSON.stringify(outputs)});`;
      const run = ['--import', 'tsx', '--input-type=module', '--eval', script];
      // With VIPS_TRACE libvips prints each operation.
      const settings = { cwd: projectRoot, env: { VIPS_TRACE: '1' } };
      const { stdout } = await promisify(execFile)(process.execPath, run, settings);
      return stdout.match(/jpegload_buffer/g)?.length;
    };
    const [one, three] = await Promise.all([
      countLoads([{ width: 200 }]),
      countLoads([{ width: 200 }, { width: 150, format: 'webp' }, { width: 100, height: 100 }]),
    ]);
    // Three loads: the header for our checks, the header for sharp, and the pixels.
    expect([one, three]).toEqual([3, 3]);
  });
});
