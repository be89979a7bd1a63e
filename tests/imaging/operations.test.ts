import sharp, { type Sharp } from 'sharp';
import { type ImageOptions, optionDescriptions } from '../../src/imaging/options.ts';
import { toOutputs } from '../../src/imaging/outputs.ts';
import { processImage } from '../../src/imaging/pipeline.ts';
import { formatNames } from '../../src/shared/setting-types.ts';
import { gifBomb, pngBomb } from '../support/bombs.ts';
import { encoded, testImage } from '../support/images.ts';
import { limits, makeResults } from '../support/make-results.ts';

/** A watermark: a red square with a transparent hole. */
const logo = sharp({ create: { width: 40, height: 40, channels: 4, background: '#ff0000' } })
  .composite([{ input: { create: { width: 10, height: 10, channels: 4, background: '#000000' } }, blend: 'dest-out' }])
  .png()
  .toBuffer();

/** An image whose quarters differ: red, green, blue, and a photograph's noise. */
const scene = testImage(600, 400)
  .composite(
    [
      ['#c04030', 0, 0],
      ['#30a050', 300, 0],
      ['#3050b0', 0, 200],
    ].map(([background, left, top]) => ({
      input: { create: { width: 300, height: 200, channels: 3 as const, background: String(background) } },
      left: Number(left),
      top: Number(top),
    })),
  )
  .png()
  .toBuffer();

async function make(given: Record<string, unknown>, from: Promise<Uint8Array> = scene) {
  const mark = await logo;
  return (await makeResults(given, from, { watermarks: () => mark })).first;
}

async function pixelsOf(image: Uint8Array | Sharp) {
  const opened = image instanceof Uint8Array ? sharp(image) : sharp(await image.png().toBuffer());
  const { data, info } = await opened.toColourspace('srgb').ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, size: [info.width, info.height] };
}

// Jest's global objects are slow to reach, which matters for each of a million levels.
const { abs } = Math;

/** Returns the mean difference of two images of the same size, in levels from 0 to 255. */
async function difference(one: Uint8Array | Sharp, other: Uint8Array | Sharp): Promise<number> {
  const [left, right] = [await pixelsOf(one), await pixelsOf(other)];
  expect(left.size).toEqual(right.size);
  let sum = 0;
  for (const [at, level] of left.data.entries()) sum += abs(level - (right.data[at] ?? 999));
  return sum / left.data.length;
}

/** Returns the colour of a pixel, RGBA. */
async function colourAt(image: Uint8Array, x: number, y: number): Promise<number[]> {
  const { data, size } = await pixelsOf(image);
  return [...data.subarray((y * (size[0] ?? 0) + x) * 4).subarray(0, 4)];
}

const circle = (side: number) =>
  Buffer.from(`<svg width="${side}" height="${side}"><circle cx="50%" cy="50%" r="50%"/></svg>`);
const clear = { r: 0, g: 0, b: 0, alpha: 0 };

describe('gives the same pixels as sharp itself', () => {
  test.each<[ImageOptions, (image: Sharp) => Sharp | Promise<Sharp>]>([
    [{ flip: true }, (image) => image.flip().resize(300)],
    [{ flop: true }, (image) => image.flop().resize(300)],
    [{ rotate: 30, background: '#ffcc00' }, (image) => image.rotate(30, { background: '#ffcc00' }).resize(300)],
    [{ rotate: -90 }, (image) => image.rotate(270).resize(300)],
    [{ crop: '100,50,200,300' }, (image) => image.extract({ left: 100, top: 50, width: 200, height: 300 }).resize(300)],
    [
      { crop: '25%,50%,50%,40%' },
      (image) => image.extract({ left: 150, top: 200, width: 300, height: 160 }).resize(300),
    ],
    [
      { crop: '0,0,200,100', flop: true },
      (image) => image.extract({ left: 400, top: 0, width: 200, height: 100 }).flop().resize(300),
    ],
    [
      { crop: '0,0,200,100', flop: true, rotate: 90 },
      async (image) =>
        sharp(await image.flop().rotate(90).png().toBuffer())
          .extract({ left: 0, top: 0, width: 200, height: 100 })
          .resize(300),
    ],
    [{ dpr: 2, width: 150 }, (image) => image.resize(300)],
    [{ height: 100, focus: '100,50' }, (image) => image.resize({ width: 300, height: 100, position: 'centre' })],
    [
      { width: 100, height: 200, focus: '100,0' },
      (image) => image.resize({ width: 100, height: 200, position: 'east' }),
    ],
    [
      { pad: '10,20' },
      (image) => image.resize(300).extend({ top: 10, bottom: 10, left: 20, right: 20, background: clear }),
    ],
    [
      { pad: '5', background: '#0000ff' },
      (image) => image.resize(300).extend({ top: 5, bottom: 5, left: 5, right: 5, background: '#0000ff' }),
    ],
    [
      { width: 200, height: 200, round: 'max' },
      (image) => image.resize(200, 200).composite([{ input: circle(200), blend: 'dest-in' }]),
    ],
    [{ brightness: 1.4 }, (image) => image.resize(300).modulate({ brightness: 1.4 })],
    [{ saturation: 0.3, hue: 90 }, (image) => image.resize(300).modulate({ saturation: 0.3, hue: 90 })],
    [{ lightness: 20 }, (image) => image.resize(300).modulate({ lightness: 20 })],
    [{ gamma: 2.2 }, (image) => image.gamma(2.2).resize(300)],
    [{ contrast: 1.5 }, (image) => image.resize(300).linear(1.5, -64)],
    [{ normalise: true }, (image) => image.resize(300).normalise()],
    [{ negate: true }, (image) => image.resize(300).negate({ alpha: false })],
    [{ tint: '#ff8800' }, (image) => image.resize(300).tint('#ff8800')],
    [{ threshold: 100 }, (image) => image.resize(300).threshold(100)],
    [{ median: 5 }, (image) => image.resize(300).median(5)],
    [
      { watermark: { image: 'logo', opacity: 1, scale: 20, margin: 5, position: 'northwest' } },
      async (image) =>
        image.resize(300).composite([
          {
            input: await sharp(await logo)
              .resize(60)
              .toBuffer(),
            left: 5,
            top: 5,
          },
        ]),
    ],
    [
      { median: 3, blur: 2, brightness: 1.2, contrast: 1.2, negate: true },
      (image) =>
        image.resize(300).median(3).blur(2).modulate({ brightness: 1.2 }).linear(1.2, -25.6).negate({ alpha: false }),
    ],
  ])('%j', async (options, reference) => {
    const { data } = await make({ width: 300, grayscale: false, format: 'png', ...options });
    const expected = await reference(sharp(await scene));
    expect(await difference(data, expected)).toBeLessThan(0.5);
  });
});

describe('the order of the options', () => {
  test('draws watermark, corners and padding in their own colours, whatever the other options do', async () => {
    const { data } = await make({
      ...{
        width: 300,
        height: 200,
        grayscale: false,
        format: 'png',
        negate: true,
        blur: 5,
        pad: '10',
        background: '#112233',
      },
      ...{ round: 20, watermark: { image: 'logo', opacity: 1, position: 'centre' } },
    });
    expect(await colourAt(data, 2, 2)).toEqual([17, 34, 51, 255]);
    expect(await colourAt(data, 10, 10)).toEqual([17, 34, 51, 255]);
    expect(await colourAt(data, 135, 110)).toEqual([255, 0, 0, 255]);
  });

  test('makes the watermark and the padding grey with the rest', async () => {
    const { data } = await make({ format: 'png', pad: '10', background: '#ff0000', watermark: 'logo' });
    expect((await sharp(data).metadata()).channels).toBe(1);
  });

  test('keeps transparency in grey results', async () => {
    for (const options of [{ pad: '10' }, { round: 30 }, { rotate: 45 }, { width: 200, height: 200, fit: 'contain' }]) {
      const { data, width, height } = await make({ format: 'png', ...options });
      expect((await colourAt(data, 0, 0)).at(-1)).toBe(0);
      const [red, green, , alpha] = await colourAt(data, Math.floor(width / 2), Math.floor(height / 2));
      expect([red, alpha]).toEqual([green, 255]);
    }
  });
});

describe('trim', () => {
  /** Adds green edges to an image. In one pipeline sharp would add them before it draws the image. */
  const frame = async (image: Sharp, edges: object) =>
    sharp(await image.png().toBuffer())
      .extend({ ...edges, background: '#00ff00' })
      .png()
      .toBuffer();
  const framed = frame(testImage(200, 100), { top: 30, bottom: 50, left: 20, right: 10 });

  test.each<[Record<string, unknown>, number, number]>([
    [{ trim: 20 }, 200, 100],
    [{ trim: '20', rotate: 90 }, 100, 200],
    [{ trim: 20, flip: true, flop: true }, 200, 100],
    [{ trim: 20, crop: '50%,0%,50%,100%' }, 100, 100],
  ])('%j', async (options, width, height) => {
    const made = await make({ ...options, width, format: 'png', grayscale: false }, framed);
    expect([made.width, made.height]).toEqual([width, height]);
    expect((await colourAt(made.data, 0, 0))[1]).toBeLessThan(250);
    // The left half is dark.
    if (options.crop) expect((await colourAt(made.data, 50, 50))[0]).toBeGreaterThan(120);
  });

  test('leaves an image of one colour as it is', async () => {
    const flat = sharp({ create: { width: 60, height: 30, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await make({ trim: 10, width: 60 }, flat)).toMatchObject({ width: 60, height: 30 });
    const tiny = sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await make({ trim: 10, width: 6 }, tiny)).toMatchObject({ width: 6, height: 6 });
  });

  test('fails if what it leaves would make too large a result', async () => {
    const sliver = frame(testImage(4, 300), { left: 200, right: 200 });
    await expect(make({ trim: 20, width: 4000 }, sliver)).rejects.toMatchObject({ code: 'OUTPUT_TOO_LARGE' });
    // Each result of 600 × 45,000 pixels is below the limit, but not both.
    const variants = ['a', 'b'].map((name) => ({ name, width: 600 }));
    await expect(make({ trim: 20, variants }, sliver)).rejects.toMatchObject({ code: 'OUTPUT_TOO_LARGE' });
  });

  test.each([
    [{}, 1],
    [{}, 6],
    [{ flip: true, flop: true }, 1],
    [{ flip: true, flop: true }, 6],
    [{ flip: true, rotate: 180 }, 1],
  ])('finds the edges of a large image to a few pixels: %j, orientation %i', async (options, orientation) => {
    const content = sharp({ create: { width: 2000, height: 3000, channels: 3, background: '#802010' } });
    const edges = { top: 300, bottom: 500, left: 200, right: 100 };
    const large = sharp(await frame(content, edges))
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const made = await make({ ...options, trim: 20, grayscale: false, format: 'png', width: 1000 }, large);
    expect(Math.abs(made.height - (orientation === 1 ? 1500 : 667))).toBeLessThan(4);
    for (const [x, y] of [
      [500, 3],
      [3, 300],
      [996, 300],
      [500, made.height - 4],
    ] as const) {
      expect((await colourAt(made.data, x, y))[1]).toBeLessThan(60);
    }
  });
});

describe('crop', () => {
  test('is clipped to the image', async () => {
    expect(await make({ crop: '500,300,1000,1000', width: 100 })).toMatchObject({ width: 100, height: 100 });
  });

  test('fails if nothing remains', async () => {
    await expect(make({ crop: '600,0,10,10' })).rejects.toMatchObject({ code: 'IMAGE_UNSUITABLE' });
  });

  test('refers to the upright image', async () => {
    // Stored lying down: red is at the top right after the rotation.
    const lying = sharp(await scene)
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { data } = await make({ crop: '50%,0%,50%,50%', width: 100, grayscale: false, format: 'png' }, lying);
    const [red = 0, green = 255] = await colourAt(data, 50, 50);
    expect(red).toBeGreaterThan(green + 80);
  });
});

describe('focus', () => {
  test.each([
    ['0,0', '#c04030'],
    ['100,0', '#30a050'],
    ['0,100', '#3050b0'],
  ])('%s', async (focus, colour) => {
    const made = await make({
      width: 60,
      height: 20,
      dpr: 2,
      crop: '10%,10%,80%,80%',
      focus,
      grayscale: false,
      format: 'png',
    });
    expect([made.width, made.height]).toEqual([120, 40]);
    const wanted = (colour.match(/\w\w/g) ?? []).map((level) => Number.parseInt(level, 16));
    expect(
      (await colourAt(made.data, focus.startsWith('0') ? 5 : 115, focus.endsWith(',0') ? 5 : 35)).slice(0, 3),
    ).toEqual(wanted);
  });

  test('does not enlarge without enlarge', async () => {
    const made = await make({ width: 1000, height: 300, enlarge: false, focus: '50,50' });
    expect([made.width, made.height]).toEqual([600, 300]);
  });
});

describe('watermark', () => {
  const plain = { width: 300, grayscale: false, format: 'png' };

  test('is repeated with tile', async () => {
    const { data } = await make({
      ...plain,
      watermark: { image: 'logo', opacity: 1, scale: 10, margin: 30, tile: true },
    });
    for (const x of [3, 63, 123]) expect(await colourAt(data, x, 3)).toEqual([255, 0, 0, 255]);
  });

  test('has the given opacity', async () => {
    const { data } = await make({
      ...plain,
      watermark: { image: 'logo', opacity: 0.5, scale: 100, position: 'centre' },
    });
    const [red = 0, green = 0] = await colourAt(data, 60, 20);
    expect(Math.abs(red - (0xc0 + 255) / 2)).toBeLessThan(3);
    expect(Math.abs(green - 0x40 / 2)).toBeLessThan(3);
  });

  test('writes text as it is, without markup', async () => {
    const write = async (text: string) =>
      (await make({ ...plain, watermark: { text, color: '#ffffff', opacity: 1, scale: 90 } })).data;
    const [plainText, markup] = [await write('A. Author'), await write('<b>A</b> & <')];
    expect(await difference(plainText, sharp(await scene).resize(300))).toBeGreaterThan(1);
    // With markup the text would be an A, and as wide. Without it the second < makes it invalid.
    expect(await difference(markup, sharp(await write('<b>A</b> & <')))).toBe(0);
    expect(await difference(markup, await write('A &'))).toBeGreaterThan(1);
  });

  test('accepts JSON text, as a form sends it, and the name of an image alone', async () => {
    const [named, json] = [
      await make({ ...plain, watermark: 'logo' }),
      await make({ ...plain, watermark: '{"image": "logo"}' }),
    ];
    expect(named.data).toEqual(json.data);
  });

  test('fits into the smallest and the narrowest result', async () => {
    for (const size of [
      { width: 1, height: 1 },
      { width: 400, height: 1 },
      { width: 1, height: 400 },
    ]) {
      for (const tile of [false, true]) {
        const watermark = { text: 'W'.repeat(100), margin: 4096, scale: 100, tile };
        expect(await make({ ...plain, ...size, watermark })).toMatchObject(size);
      }
    }
  });
});

describe('encoding', () => {
  const photo = testImage(500, 400).jpeg({ quality: 98 }).toBuffer();
  const noisy = { width: 500, grayscale: false };

  test.each([
    [{ format: 'jpeg', progressive: true }, { isProgressive: true }],
    [{ format: 'png', progressive: true }, { isProgressive: true }],
    [{ format: 'jpeg', chromaSubsampling: '4:4:4' }, { chromaSubsampling: '4:4:4' }],
    [{ format: 'jpeg' }, { chromaSubsampling: '4:2:0', isProgressive: false }],
    [{ format: 'png', colors: 8 }, { isPalette: true }],
    [{ format: 'gif', colors: 8 }, { format: 'gif' }],
  ])('%j', async (options, metadata) => {
    expect(await sharp((await make({ ...noisy, ...options }, photo)).data).metadata()).toMatchObject(metadata);
  });

  test.each(['webp', 'avif'])('lossless %s keeps every pixel', async (format) => {
    const { data } = await make({ ...noisy, width: 120, format, lossless: true }, photo);
    const { data: png } = await make({ ...noisy, width: 120, format: 'png' }, photo);
    expect(await difference(data, png)).toBe(0);
  });

  test('a higher effort makes WebP smaller', async () => {
    const sizes = [];
    for (const effort of [0, 6])
      sizes.push((await make({ ...noisy, width: 200, format: 'webp', effort }, photo)).data.length);
    expect(sizes[1]).toBeLessThan(sizes[0] ?? 0);
  });

  test.each(['jpeg', 'webp', 'avif'])('maxBytes finds the highest quality of %s that fits', async (format) => {
    const size = { ...noisy, format };
    const lengths = new Map<number, number>();
    for (const quality of [20, 30]) lengths.set(quality, (await make({ ...size, quality }, photo)).data.length);
    const maxBytes = lengths.get(30) ?? 0;
    const { data } = await make({ ...size, maxBytes }, photo);
    expect(data.length).toBeLessThanOrEqual(maxBytes);
    // A higher quality of WebP can have a few bytes less.
    expect(data.length).toBeGreaterThan(lengths.get(20) ?? 0);
    const unlimited = await make({ ...size, maxBytes: 100_000_000 }, photo);
    expect(unlimited.data).toEqual((await make(size, photo)).data);
  });

  test('maxBytes fails if no quality fits, or the format has none', async () => {
    const failure = { code: 'OUTPUT_TOO_LARGE', message: expect.stringMatching(/maxBytes is 200/) };
    for (const format of ['jpeg', 'png', 'gif']) {
      await expect(make({ ...noisy, format, maxBytes: 200 }, photo)).rejects.toMatchObject(failure);
    }
  });

  test('quality auto is lower for more pixels', async () => {
    const bytesPerPixel = async (width: number, quality: unknown) =>
      (await make({ width, quality, grayscale: false }, photo)).data.length / (width * width * 0.8);
    expect(await bytesPerPixel(300, 'auto')).toBe(await bytesPerPixel(300, 84));
    expect(await bytesPerPixel(2400, 'auto')).toBe(await bytesPerPixel(2400, 72));
  });
});

describe('metadata', () => {
  const gps = { GPSLatitude: '52/1 30/1 0/1', GPSLatitudeRef: 'N' };
  const tagged = testImage(100, 80)
    .withExif({
      IFD0: { Copyright: 'A. Author', Artist: 'An Artist', Make: 'Camera Inc' },
      IFD2: { ExposureTime: '1/125', DateTimeOriginal: '2026:01:02 03:04:05' },
      IFD3: gps,
    })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><location>52.5</location></x:xmpmeta>')
    .jpeg()
    .toBuffer();

  test.each<[unknown, { exif?: RegExp; no?: RegExp; xmp: boolean }]>([
    [undefined, { xmp: false }],
    ['none', { xmp: false }],
    [false, { xmp: false }],
    ['copyright', { exif: /A. Author(.|\n)*|An Artist/, no: /Camera Inc|2026:01:02/, xmp: false }],
    ['all-but-gps', { exif: /Camera Inc/, xmp: false }],
    ['all', { exif: /Camera Inc/, xmp: true }],
    [true, { exif: /Camera Inc/, xmp: true }],
  ])('%p', async (keepMetadata, { exif, no, xmp }) => {
    for (const format of ['jpeg', 'png', 'webp', 'avif']) {
      for (const more of [{}, { pad: '5' }, { watermark: 'logo' }, { maxBytes: 100_000 }]) {
        const { data } = await make({ keepMetadata, format, width: 50, ...more }, tagged);
        const metadata = await sharp(data).metadata();
        const text = metadata.exif?.toString('latin1') ?? '';
        if (exif) expect(text).toMatch(exif);
        else expect(metadata.exif).toBeUndefined();
        if (no) expect(text).not.toMatch(no);
        expect(metadata.xmp !== undefined).toBe(xmp);
        const hasLocation = (await readTags(metadata.exif)).GPSInfo !== undefined;
        expect(hasLocation).toBe(xmp);
      }
    }
  });

  test('all-but-gps keeps numbers and dates', async () => {
    const { data } = await make({ keepMetadata: 'all-but-gps' }, tagged);
    const { Photo } = await readTags((await sharp(data).metadata()).exif);
    expect(Photo).toMatchObject({ ExposureTime: 0.008, DateTimeOriginal: new Date('2026-01-02T03:04:05Z') });
  });

  test('broken EXIF does not fail the image', async () => {
    const whole = Buffer.from(await tagged);
    const at = whole.indexOf('Exif\0\0') + 6;
    for (const [offset, value] of [
      [4, 0xff],
      [0, 0x58],
      [8, 0xff],
      [10, 0xff],
      [20, 0x80],
    ] as const) {
      const broken = Buffer.from(whole);
      broken[at + offset] = value;
      for (const keepMetadata of ['copyright', 'all-but-gps', 'all']) {
        await expect(make({ keepMetadata }, Promise.resolve(broken))).resolves.toMatchObject({ width: 512 });
      }
    }
  });

  test('keepProfile keeps the profile and its colours, through every step', async () => {
    const inP3 = testImage(100, 80).withIccProfile('p3').jpeg({ quality: 100 }).toBuffer();
    for (const format of ['jpeg', 'png', 'webp', 'avif']) {
      for (const more of [{}, { pad: '5' }, { round: 5, background: '#ffffff' }]) {
        const { data } = await make(
          { keepProfile: true, grayscale: false, format, quality: 95, width: 100, ...more },
          inP3,
        );
        expect((await sharp(data).metadata()).icc).toBeDefined();
        if (!('pad' in more || 'round' in more)) expect(await difference(data, await inP3)).toBeLessThan(6);
      }
    }
    const cmyk = testImage(100, 80).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer();
    const { data } = await make({ keepProfile: true, grayscale: false }, cmyk);
    expect(await sharp(data).metadata()).toMatchObject({ space: 'srgb', hasProfile: false });
  });
});

async function readTags(exif: Buffer | undefined) {
  const { default: read } = await import('exif-reader');
  return exif ? read(exif) : ({} as Partial<ReturnType<typeof read>>);
}

describe('gives the same result whatever the source is like', () => {
  const plain = { width: 300, grayscale: false, format: 'png' };

  const trims = [{ trim: 20 }, { trim: 20, crop: '10%,10%,50%,50%', flop: true }, { trim: 20, rotate: 90 }];
  let upright: Buffer;
  let expected: Uint8Array[];
  beforeAll(async () => {
    const framed = sharp(await scene).extend({ top: 30, left: 50, right: 10, bottom: 20, background: '#00ff00' });
    upright = await framed.png().toBuffer();
    const made = await Promise.all(trims.map((options) => make({ ...plain, ...options }, Promise.resolve(upright))));
    expected = made.map(({ data }) => data);
  });

  test.each([2, 3, 4, 5, 6, 7, 8])('trim and crop with EXIF orientation %i', async (orientation) => {
    // Stored as a camera would, so that the orientation turns it upright.
    const { data, info } = await undo(sharp(upright), orientation).raw().toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    const stored = sharp(data, { raw: { width, height, channels } }).withMetadata({ orientation }).png().toBuffer();
    for (const [at, options] of trims.entries()) {
      const { data: made } = await make({ ...plain, ...options }, stored);
      expect(await difference(made, expected[at] ?? Buffer.alloc(0))).toBeLessThan(1);
    }
  });

  test('a source of 16 bits a channel, with and without a profile', async () => {
    const eight = sharp({ create: { width: 60, height: 40, channels: 3, background: '#c83c28' } });
    const flat = await eight.png().toBuffer();
    const deep = [
      await sharp(flat).toColourspace('rgb16').png().toBuffer(),
      await sharp(flat).toColourspace('rgb16').withIccProfile('srgb').png().toBuffer(),
    ];
    for (const options of [{}, { contrast: 1.5 }, { tint: '#0000ff' }, { rotate: 20, background: '#00ff00' }]) {
      const expected = await make({ ...plain, ...options }, Promise.resolve(flat));
      for (const source of deep) {
        expect(
          await difference((await make({ ...plain, ...options }, Promise.resolve(source))).data, expected.data),
        ).toBeLessThan(3);
      }
    }
  });

  test('with and without overlays, transparency and other results', async () => {
    const red = sharp({ create: { width: 40, height: 40, channels: 3, background: '#ff0000' } });
    const opaque = red.clone().png().toBuffer();
    const transparent = red.clone().ensureAlpha().png().toBuffer();
    for (const options of [{ negate: true }, { brightness: 1.5 }, { contrast: 0.5 }, { threshold: 60 }]) {
      const one = { width: 40, format: 'png', ...options };
      const [expected = 999] = await colourAt((await make(one, opaque)).data, 20, 20);
      for (const [from, more] of [
        [opaque, { pad: '1' }],
        [opaque, { round: 3 }],
        [transparent, {}],
        [transparent, { pad: '1' }],
        [opaque, { variants: [{ name: 'a' }, { name: 'b' }] }],
      ] as const) {
        const [level = 0] = await colourAt((await make({ ...one, ...more }, from)).data, 20, 20);
        expect(Math.abs(level - expected)).toBeLessThan(3);
      }
    }
  });
});

/** Undoes an EXIF orientation, in the order in which sharp applies the operations. */
function undo(image: Sharp, orientation: number): Sharp {
  if (orientation === 2) return image.flop();
  if (orientation === 3) return image.rotate(180);
  if (orientation === 4) return image.flip();
  if (orientation === 5) return image.flop().rotate(270);
  if (orientation === 6) return image.rotate(270);
  if (orientation === 7) return image.flop().rotate(90);
  return image.rotate(90);
}

describe('uses the size that the result really has', () => {
  const small = testImage(80, 60).png().toBuffer();
  const opaque = { grayscale: false, format: 'png' };

  test.each<[Record<string, unknown>, number, number]>([
    [{ width: 300, height: 300, enlarge: false }, 80, 60],
    [{ width: 300, height: 30, enlarge: false }, 80, 30],
    [{ width: 300, height: 30, enlarge: false, fit: 'fill' }, 80, 30],
    [{ width: 300, height: 300, enlarge: false, fit: 'contain' }, 300, 300],
    [{ width: 300, fit: 'fill' }, 300, 225],
    [{ height: 30, fit: 'fill' }, 40, 30],
    [{ width: 5, median: 9 }, 5, 4],
  ])('%j', async (options, width, height) => {
    const made = await make({ ...opaque, ...options }, small);
    expect([made.width, made.height]).toEqual([width, height]);
    const marked = await make({ ...opaque, ...options, watermark: { text: 'x', opacity: 1, scale: 90 } }, small);
    expect(await difference(marked.data, made.data)).toBeGreaterThan(0);
    const rounded = await make({ ...opaque, ...options, round: 2 }, small);
    for (const [x, y] of [
      [0, 0],
      [width - 1, 0],
      [0, height - 1],
      [width - 1, height - 1],
    ] as const) {
      expect((await colourAt(rounded.data, x, y)).at(-1)).toBeLessThan(255);
    }
  });
});

describe('an image of the operator', () => {
  const draw = async (mark: Uint8Array | (() => never)) => {
    const watermarks = () => (typeof mark === 'function' ? mark() : mark);
    const watermark = { image: 'logo', opacity: 1, scale: 50, position: 'centre' };
    const { first } = await makeResults({ grayscale: false, format: 'png', watermark }, scene, { watermarks });
    return colourAt(first.data, 256, 170);
  };

  test.each([
    ['b-w', 1],
    ['srgb', 3],
    ['srgb', 4],
  ] as const)('may be %s with %i channels', async (space, channels) => {
    const image = sharp({ create: { width: 20, height: 20, channels: channels === 4 ? 4 : 3, background: '#ffffff' } });
    expect(await draw(await image.toColourspace(space).png().toBuffer())).toEqual([255, 255, 255, 255]);
  });

  test.each([
    [
      'is missing',
      () => {
        throw new Error('no such watermark');
      },
    ],
    ['is broken', Buffer.from('89504e470d0a1a0a', 'hex')],
  ] as const)('that %s is not called an error of the image that was sent', async (_, mark) => {
    await expect(draw(mark as never)).rejects.toMatchObject({ name: 'OperatorError' });
  });
});

/** Values at the bounds of each option, and beyond them. */
const bounds: Record<keyof ImageOptions, { valid: unknown[]; invalid: unknown[]; with?: Record<string, unknown> }> = {
  animated: { valid: [true, 'false'], invalid: ['yes', 1], with: { format: 'webp' } },
  frame: { valid: [0, '0'], invalid: [-1, 10_000, 0.5] },
  flip: { valid: [true, 'false'], invalid: ['x'] },
  flop: { valid: ['true', false], invalid: ['x'] },
  rotate: { valid: [-360, '360', 0.5, 45, -90], invalid: [-361, 360.5, 'left'] },
  trim: { valid: [0, 255, '10.5'], invalid: [-1, 256, true] },
  crop: {
    valid: ['0,0,1,1', '0%,0%,100%,100%', '10,10%,20,0.5%'],
    invalid: ['0,0,0,1', '0,0,1', '0,0,101%,1', '-1,0,1,1', 5],
  },
  background: { valid: ['#fff', '#a1b2c3', 'white', 'BLACK'], invalid: ['red', '#ff', 7] },
  gamma: { valid: [1, 3], invalid: [0.9, 3.1] },
  width: { valid: [1, '4096'], invalid: [0, 4097, 1.5], with: { height: 8 } },
  height: { valid: ['1', 400], invalid: [0, 4097] },
  dpr: { valid: [1, '4', 1.5], invalid: [0.9, 4.1] },
  fit: { valid: ['cover', 'contain', 'inside', 'outside', 'fill'], invalid: ['x'], with: { height: 50 } },
  position: { valid: ['north', 'southwest', 'entropy', 'attention'], invalid: ['up'], with: { height: 20 } },
  focus: { valid: ['0,0', '100,100', '33.3,66.7'], invalid: ['101,0', '-1,0', '50', '50%,50%'], with: { height: 20 } },
  enlarge: { valid: [true, false], invalid: ['x'] },
  median: { valid: [2, '9'], invalid: [1, 10] },
  threshold: { valid: [1, 255], invalid: [0, 256] },
  blur: { valid: [0.3, 50], invalid: [0.2, 51] },
  brightness: { valid: [0, 10, 1], invalid: [-1, 11] },
  saturation: { valid: [0, 10], invalid: [-1, 11], with: { grayscale: false } },
  hue: { valid: [-360, 360], invalid: [-361, 361], with: { grayscale: false } },
  lightness: { valid: [-100, 100], invalid: [-101, 101] },
  sharpen: { valid: [0.1, 10], invalid: [0, 11] },
  contrast: { valid: [0, 10], invalid: [-1, 11] },
  normalise: { valid: [true, 'false'], invalid: ['x'] },
  tint: { valid: ['#f00'], invalid: ['x'], with: { grayscale: false } },
  grayscale: { valid: [true, false], invalid: ['x'] },
  negate: { valid: [true], invalid: ['x'] },
  watermark: {
    valid: ['logo', { text: 'x' }, '{"text":"x","tile":true,"opacity":0.01,"scale":1,"margin":0,"color":"#000"}'],
    invalid: [
      'other',
      {},
      { text: 'x', image: 'logo' },
      { text: '' },
      { text: 'x'.repeat(101) },
      { text: 'a\nb' },
      '{',
      { size: 1 },
    ],
  },
  round: { valid: [1, 4096, 'max'], invalid: [0, 4097, 'min'] },
  pad: { valid: [0, '1,2,3,4', '20'], invalid: ['1,2,3,4,5', -1, '4097', 'x'] },
  format: { valid: ['jpeg', 'png', 'webp', 'avif', 'gif', 'original'], invalid: ['bmp', 'tiff'] },
  quality: { valid: [1, '100', 'auto'], invalid: [0, 101, 'best'] },
  maxBytes: { valid: [100_000_000, '50000'], invalid: [99, 100_000_001] },
  lossless: { valid: [true, false], invalid: ['x'], with: { format: 'webp' } },
  progressive: { valid: [true, false], invalid: ['x'] },
  effort: { valid: [0, 6], invalid: [-1, 7], with: { format: 'webp' } },
  chromaSubsampling: { valid: ['4:2:0', '4:4:4'], invalid: ['4:2:2'] },
  colors: { valid: [2, 256], invalid: [1, 257], with: { format: 'png' } },
  info: { valid: [true, 'false'], invalid: ['x'] },
  keepMetadata: { valid: [true, 'none', 'copyright', 'all-but-gps', 'all'], invalid: ['gps'] },
  keepProfile: { valid: [true], invalid: ['x'], with: { grayscale: false } },
};

const resultFormats = ['jpeg', 'png', 'webp', 'avif', 'gif'];

/** Options whose values an encoder reads. Each value is tested with each format. All others are read before: one value is. */
const isOfEncoder = new Set<string>([
  'animated',
  'background',
  'round',
  'pad',
  'format',
  'quality',
  'maxBytes',
  'lossless',
  'progressive',
  'effort',
  'chromaSubsampling',
  'colors',
  'keepMetadata',
  'keepProfile',
] satisfies (keyof ImageOptions)[]);

/** A small source, so that all combinations stay quick. */
const small = testImage(60, 40).jpeg().toBuffer();

describe.each(Object.entries(bounds))('%s', (name, { valid, invalid, with: others = {} }) => {
  const cases = valid.flatMap((value, at) =>
    isOfEncoder.has(name) || at === 0
      ? resultFormats.map((format) => [value, format] as const)
      : [[value, resultFormats[at % resultFormats.length]] as const],
  );

  test.each(cases)('%j as %s', async (value, format) => {
    const given = { width: 64, effort: format === 'avif' ? 0 : undefined, ...others, format, [name]: value };
    const options = Object.fromEntries(Object.entries(given).filter(([, option]) => option !== undefined));
    const result = toOutputs(options, ['logo']);
    if ('errors' in result) {
      // Only because the format does not have the option.
      expect(result.errors.map(({ message }) => message)).toEqual([expect.stringMatching(/^needs the format/)]);
      return;
    }
    const made = await make(options, small);
    expect(await sharp(made.data).metadata()).toMatchObject({ width: made.width, height: made.height });
  });

  test.each(invalid.map((value) => [value]))('refuses %j by name', (value) => {
    const result = toOutputs({ ...others, [name]: value }, ['logo']);
    const names = 'errors' in result ? result.errors.map((error) => error.name.split('.')[0]) : [];
    expect(new Set(names)).toEqual(new Set([name]));
  });

  test('has a description', () => {
    expect(optionDescriptions[name as keyof ImageOptions]).not.toBe('');
  });
});

describe('refuses options that contradict each other, by name', () => {
  test.each<[Record<string, unknown>, string, RegExp]>([
    [{ focus: '50,50' }, 'focus', /width, height and the fit cover/],
    [{ focus: '50,50', width: 9, height: 9, fit: 'fill' }, 'focus', /the fit cover/],
    [{ focus: '50,50', width: 9, height: 9, position: 'north' }, 'focus', /cannot be combined with position/],
    [{ tint: '#f00' }, 'tint', /grayscale to be false/],
    [{ hue: 9 }, 'hue', /grayscale to be false/],
    [{ lossless: true }, 'lossless', /format webp or avif/],
    [{ colors: 9, format: 'webp' }, 'colors', /format png or gif/],
    [{ dpr: 3, width: 2000 }, 'dpr', /width more than 4096/],
    [{ animated: true }, 'animated', /format gif or webp/],
    [{ animated: true, format: 'gif', rotate: 90 }, 'rotate', /cannot be used with animated/],
    [{ animated: true, format: 'gif', round: 9 }, 'round', /cannot be used with animated/],
    [{ animated: true, format: 'gif', trim: 0 }, 'trim', /cannot be used with animated/],
    [{ animated: true, format: 'webp', keepMetadata: true }, 'keepMetadata', /cannot be all with animated/],
    [{ saturation: 0 }, 'saturation', /grayscale to be false/],
    [{ keepProfile: true, grayscale: false, format: 'gif' }, 'keepProfile', /needs the format jpeg or png/],
    [{ watermark: { text: '\u200b\u00ad' } }, 'watermark.text', /at least one is visible/],
    [{ variants: [{}] }, 'variants[0].name', /1 to 32 letters/],
    [{ variants: [null] }, 'variants[0]', /JSON object with a name/],
    [{ animated: true, format: 'gif', frame: 1 }, 'frame', /cannot be used with animated/],
    [
      { animated: true, format: 'gif', position: 'entropy', width: 9, height: 9 },
      'position',
      /direction with animated/,
    ],
    [{ variants: [{ name: 'a', lossless: true }] }, 'variants[0].lossless', /format webp or avif/],
    [{ variants: [{ name: 'a', watermark: 'other' }] }, 'variants[0].watermark.image', /must be one of logo/],
    [{ watermark: { text: 'x', size: 1 } }, 'watermark.size', /its members are image, text/],
  ])('%j', (given, name, message) => {
    const result = toOutputs(given, ['logo']);
    expect(result).toEqual({ errors: [{ name, message: expect.stringMatching(message) }] });
  });

  test('but not a limit of bytes for a format that is encoded only once', () => {
    expect(toOutputs({ format: 'gif', maxBytes: 100_000, width: 600, height: 500 })).toHaveProperty('outputs');
  });

  test('but not options beside variants that fit each of them', () => {
    expect(toOutputs({ lossless: true, variants: [{ name: 'a', format: 'webp' }] })).toHaveProperty('outputs');
  });
});

describe('every format of an original', () => {
  test.each(formatNames)('%s', async (format) => {
    const options = {
      width: 50,
      crop: '10%,10%,80%,80%',
      rotate: 10,
      round: 5,
      pad: '2',
      keepMetadata: 'all',
      format: 'original',
    };
    expect(await make(options, encoded(format))).toMatchObject({
      width: 54,
      format: format === 'heic' ? 'jpeg' : format,
    });
  });
});

describe('refuses by the header', () => {
  const process = (file: Uint8Array, options: ImageOptions[], more: object = {}) =>
    processImage(file, { ...limits, ...more }, options);

  test('results that decode a large image again and again', async () => {
    const large = pngBomb(6000);
    for (const own of [{ gamma: 2 }, { crop: '0,0,100%,100%' }, { trim: 10 }]) {
      const variants = Array.from({ length: 8 }, () => ({ ...own, width: 10 }));
      const failure = { code: 'OUTPUT_TOO_LARGE', message: expect.stringMatching(/and decode 2\d\d more/) };
      await expect(process(large, variants)).rejects.toMatchObject(failure);
    }
    await expect(process(large, [{ gamma: 2, width: 10 }])).resolves.toBeDefined();
  });

  test('a late frame of a large GIF, whose earlier frames would all be decoded', async () => {
    const frames = gifBomb(10_000);
    const failure = { code: 'OUTPUT_TOO_LARGE', message: expect.stringContaining('and decode 400 more') };
    await expect(process(frames, [{ frame: 9999, width: 10 }])).rejects.toMatchObject(failure);
    await expect(process(frames, [{ frame: 100, width: 10 }])).resolves.toBeDefined();
  });

  test('an image that would take too much memory to turn, because it has many bytes per pixel', async () => {
    const deep = await sharp({ create: { width: 400, height: 300, channels: 4, background: '#80402080' } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const turned = await sharp(deep).toColourspace('rgb16').withMetadata({ orientation: 6 }).png().toBuffer();
    const failure = {
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining('8 bytes to turn, which count 2 times'),
    };
    const most = { maxPixels: 400 * 300 };
    await expect(process(deep, [{ rotate: 90 }], most)).rejects.toMatchObject(failure);
    await expect(process(turned, [{}], most)).rejects.toMatchObject(failure);
    await expect(process(deep, [{}], most)).resolves.toBeDefined();
    await expect(process(deep, [{ rotate: 90 }], { maxPixels: 2 * 400 * 300 })).resolves.toBeDefined();
  });
});
