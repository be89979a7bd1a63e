import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { imageInfo } from '../../src/imaging/info-schema.ts';
import type { ImageOptions } from '../../src/imaging/options.ts';
import { processImage } from '../../src/imaging/pipeline.ts';
import { readExif } from '../../src/imaging/read-exif.ts';
import { readProfileName } from '../../src/imaging/read-profile-name.ts';
import { formatNames, projectRoot } from '../../src/shared/setting-types.ts';
import { encoded, testImage } from '../support/images.ts';
import { limits } from '../support/make-results.ts';
import { seeded } from '../support/random.ts';

async function infoOf(image: Sharp | Buffer, ...outputs: ImageOptions[]) {
  const source = Buffer.isBuffer(image) ? image : await image.toBuffer();
  const { info } = await processImage(source, limits, outputs.length > 0 ? outputs : [{ info: true }]);
  // The API reads it with this schema.
  return imageInfo.optional().parse(info);
}

const flat = (background: string, width = 300, height = 200) =>
  sharp({ create: { width, height, channels: 3, background } });

/** What a camera writes, with the location. */
const camera = {
  IFD0: { Make: 'Canon', Model: 'EOS R5' },
  IFD2: {
    DateTimeOriginal: '2024:05:06 07:08:09',
    OffsetTimeOriginal: '+02:00',
    ExposureTime: '1/250',
    FNumber: '28/10',
    ISOSpeedRatings: '400',
    FocalLength: '50/1',
    LensModel: 'RF 50mm F1.2 L',
  },
  IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 30/1 36/1', GPSLongitudeRef: 'W', GPSLongitude: '13/1 24/1 0/1' },
};
const photograph = () => flat('#c04020').withExif(camera);
const harmless = {
  make: 'Canon',
  model: 'EOS R5',
  lens: 'RF 50mm F1.2 L',
  takenAt: '2024-05-06T07:08:09+02:00',
  exposureSeconds: 0.004,
  fNumber: 2.8,
  iso: 400,
  focalLengthMm: 50,
};

/** The EXIF of a photograph, as sharp returns it. */
async function exifOf(image: Sharp): Promise<Buffer> {
  const { exif } = await sharp(await image.jpeg().toBuffer()).metadata();
  if (!exif) throw new Error('no EXIF');
  return exif;
}

/** EXIF in big-endian order with one tag, the maker. */
function bigEndian(make: Buffer): Buffer {
  const head = Buffer.from('MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02', 'latin1');
  const [length, inPlace] = [Buffer.alloc(4), make.length <= 4];
  length.writeUInt32BE(make.length);
  const position = Buffer.from([0, 0, 0, 22]);
  return Buffer.concat(inPlace ? [head, length, make, Buffer.alloc(4)] : [head, length, position, make]);
}

test('is not read unless an option asks for it', async () => {
  expect(await infoOf(testImage().jpeg(), {})).toBeUndefined();
  expect(await infoOf(testImage().jpeg(), { info: false }, { width: 10 })).toBeUndefined();
  expect(await infoOf(testImage().jpeg(), { width: 10 }, { info: true })).toMatchObject({ width: 640 });
});

test.each(formatNames)('describes a %s', async (format) => {
  expect(await infoOf(await encoded(format))).toMatchObject({
    format,
    width: 640,
    height: 480,
    orientation: 1,
    frames: 1,
    colorSpace: 'rgb',
    isGrayscale: false,
    thumbHash: expect.stringMatching(/^[A-Za-z0-9+/=]{20,40}$/),
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('gives the upright size with orientation %i', async (orientation) => {
  const [width, height] = orientation >= 5 ? [200, 300] : [300, 200];
  expect(await infoOf(flat('red').withMetadata({ orientation }).jpeg())).toMatchObject({ orientation, width, height });
});

test('reads a number that is no orientation as upright', async () => {
  const source = await flat('red').withMetadata({ orientation: 6 }).jpeg().toBuffer();
  // The tag 0x0112 of the type SHORT with one value.
  const at = source.indexOf(Buffer.from([0x12, 0x01, 3, 0, 1, 0, 0, 0]));
  expect(at).toBeGreaterThan(0);
  source.writeUInt16LE(9, at + 8);
  expect(await infoOf(source)).toMatchObject({ orientation: 1, width: 300, height: 200 });
});

test.each(['gif', 'webp'] as const)('counts the frames of an animated %s, and describes the first', async (format) => {
  const frames = await Promise.all(['#ff0000', '#00ff00', '#0000ff'].map((color) => flat(color).png().toBuffer()));
  const animation = sharp(frames, { join: { animated: true } }).toFormat(format);
  const info = await infoOf(animation);
  expect(info).toMatchObject({ format, frames: 3, width: 300, height: 200 });
  expect(info?.dominantColors).toHaveLength(1);
  expect(info?.dominantColors[0]).toMatchObject({ color: expect.stringMatching(/^#f[ef]0[01]0[01]$/), share: 1 });
});

test.each<[string, () => Sharp, object]>([
  ['alpha', () => flat('red').ensureAlpha(0.5).png(), { hasAlpha: true, colorSpace: 'rgb' }],
  ['no alpha', () => flat('red').png(), { hasAlpha: false }],
  ['one grey channel', () => flat('#808080').toColourspace('b-w').png(), { colorSpace: 'gray', isGrayscale: true }],
  ['16-bit grey', () => flat('#808080').toColourspace('grey16').png(), { colorSpace: 'gray', isGrayscale: true }],
  ['16-bit RGB', () => flat('red').toColourspace('rgb16').png(), { colorSpace: 'rgb', isGrayscale: false }],
  ['grey in RGB', () => flat('#7d8083').jpeg(), { colorSpace: 'rgb', isGrayscale: true }],
  ['a sepia tone', () => flat('#a08f78').jpeg(), { isGrayscale: false }],
  ['CMYK', () => flat('#c04020').toColourspace('cmyk').jpeg(), { colorSpace: 'cmyk', isGrayscale: false }],
  ['a density', () => flat('red').withMetadata({ density: 300 }).jpeg(), { density: 300 }],
  ['the profile Display P3', () => flat('red').withIccProfile('p3').jpeg(), { profile: 'sP3C' }],
])('describes an image with %s', async (_, image, expected) => {
  expect(await infoOf(image())).toMatchObject(expected);
});

test('lists colours by their share, without transparent pixels', async () => {
  const blue = await flat('#0000ff', 60, 100).png().toBuffer();
  const clear = { r: 0, g: 255, b: 0, alpha: 0 };
  const image = flat('#ff0000', 200, 100)
    .composite([{ input: blue, left: 0, top: 0 }])
    .png();
  // The resize blends the colours at the edge.
  const info = await infoOf(await image.toBuffer());
  expect(info?.dominantColors.slice(0, 2)).toEqual([
    { color: expect.stringMatching(/^#f.0.0.$/), share: expect.closeTo(0.7, 1) },
    { color: expect.stringMatching(/^#0.0.f.$/), share: expect.closeTo(0.3, 1) },
  ]);
  const none = sharp({ create: { width: 50, height: 50, channels: 4, background: clear } }).png();
  expect(await infoOf(none)).toMatchObject({ dominantColors: [], isGrayscale: true });
});

test('lists five colours of a photograph, which are different', async () => {
  const info = await infoOf(readFileSync(join(projectRoot, 'docs/images/before.jpg')));
  const shares = info?.dominantColors.map(({ share }) => share) ?? [];
  expect(new Set(info?.dominantColors.map(({ color }) => color)).size).toBe(5);
  expect(shares).toEqual([...shares].sort((one, other) => other - one));
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1.003);
});

test('describes the original, not the result', async () => {
  const info = await infoOf(flat('#c04020').jpeg(), { info: true, width: 10, grayscale: true, rotate: 90 });
  expect(info).toMatchObject({ width: 300, height: 200, isGrayscale: false });
});

describe('EXIF', () => {
  test.each(['jpeg', 'png', 'webp', 'avif'] as const)('of a %s is read without the location', async (format) => {
    expect((await infoOf(photograph().toFormat(format)))?.exif).toEqual(harmless);
  });

  test('has the location only if a result keeps its metadata', async () => {
    const withLocation = { ...harmless, gps: { latitude: 52.51, longitude: -13.4 } };
    const source = await photograph().jpeg().toBuffer();
    expect((await infoOf(source, { info: true, keepMetadata: true }))?.exif).toEqual(withLocation);
    const other = await infoOf(source, { info: true }, { keepMetadata: true });
    expect(other?.exif).toEqual(harmless);
  });

  test('is absent if the file has none of these fields', async () => {
    expect(
      await infoOf(
        testImage()
          .withExif({ IFD0: { Copyright: 'A' } })
          .jpeg(),
      ),
    ).not.toHaveProperty('exif');
    expect(await infoOf(testImage().jpeg())).not.toHaveProperty('exif');
  });

  test.each<[string, Record<string, Record<string, string>>, object | undefined]>([
    ['a time of zeros', { IFD2: { DateTimeOriginal: '0000:00:00 00:00:00' } }, undefined],
    ['a day that does not exist', { IFD2: { DateTimeOriginal: '2023:02:30 10:00:00' } }, undefined],
    [
      'a time without an offset',
      { IFD2: { DateTimeOriginal: '2023:02:28 10:00:00' } },
      { takenAt: '2023-02-28T10:00:00' },
    ],
    ['a division by zero', { IFD2: { ExposureTime: '1/0', FNumber: '0/0', ISOSpeedRatings: '0' } }, undefined],
    ['a latitude that does not exist', { IFD3: { ...camera.IFD3, GPSLatitude: '91/1 0/1 0/1' } }, undefined],
    [
      'a location without its half of the earth',
      { IFD3: { GPSLatitude: '1/1 0/1 0/1', GPSLongitude: '1/1 0/1 0/1' } },
      undefined,
    ],
  ])('is read with %s', async (_, given, expected) => {
    expect(readExif(await exifOf(testImage(20, 20).withExif(given)), true)).toEqual(expected);
  });

  test.each([
    ['short', 'ABC', 'ABC'],
    ['long', 'x'.repeat(5000), 'x'.repeat(100)],
    ['in UTF-8', 'Größe 写真', 'Größe 写真'],
    ['not in UTF-8', Buffer.from([0x41, 0xff, 0xed, 0xa0, 0x80]), 'A\ufffd\ufffd\ufffd\ufffd'],
    ['padded with zeros and spaces', ' A  \0\0rest', 'A'],
    ['with control and formatting characters', '\u0007A\u202e\u200dB\u009f\r\n', 'AB'],
    ['of control characters only', '\u0001\u0002', undefined],
    ['with a character that does not fit', `${'x'.repeat(99)}😀`, 'x'.repeat(99)],
  ])('has a text that is %s, cleaned', (_, text, make) => {
    expect(readExif(bigEndian(Buffer.from(text)), false)).toEqual(make && { make });
  });

  test('of a JPEG that is broken does not fail the image', async () => {
    const source = await photograph().jpeg().toBuffer();
    const at = source.indexOf('Exif\0\0');
    source.fill(0xff, at + 14, at + 200);
    expect(await infoOf(source)).toMatchObject({ format: 'jpeg', width: 300 });
  });

  test('that is mutated never throws, and gives values of the schema', async () => {
    const whole = await exifOf(photograph());
    const random = seeded(20_261_125);
    const { exif: schema } = imageInfo.shape;
    let read = 0;
    for (let round = 0; round < 5000; round += 1) {
      const bytes = mutate(whole, random);
      const exif = readExif(bytes, true);
      expect(schema.safeParse(exif).error).toBeUndefined();
      expect(JSON.stringify(exif ?? null).isWellFormed()).toBe(true);
      if (exif) read += 1;
    }
    // The mutations reach the parts behind the header.
    expect(read).toBeGreaterThan(1000);
    expect(read).toBeLessThan(5000);
  });

  test('that claims the most entries and values costs no more than its size', () => {
    const bytes = Buffer.alloc(10 + 65_535 * 12);
    bytes.write('II*\0', 'latin1');
    bytes.writeUInt32LE(8, 4);
    bytes.writeUInt16LE(65_535, 8);
    for (const type of [1, 2, 3, 4, 5, 7, 9, 10, 12, 129]) {
      for (let at = 10; at < bytes.length; at += 12) {
        bytes.writeUInt16LE([0x010f, 0x8769, 0x829a][at % 3] ?? 0, at);
        bytes.writeUInt16LE(type, at + 2);
        bytes.writeUInt32LE(0xffff_ffff, at + 4);
        bytes.writeUInt32LE(8, at + 8);
      }
      expect(readExif(bytes, true)).toBeUndefined();
    }
  });

  test('never contains bytes that are beside it in the memory', () => {
    const memory = Buffer.alloc(200, 'S');
    memory.write('II*\0', 60, 'latin1');
    memory.writeUInt32LE(8, 64);
    memory.writeUInt16LE(1, 68);
    memory.writeUInt16LE(0x010f, 70);
    memory.writeUInt16LE(2, 72);
    memory.writeUInt32LE(100, 74);
    memory.writeUInt32LE(26, 78);
    expect(readExif(memory.subarray(60, 90), false)).toBeUndefined();
    expect(readExif(memory.subarray(60), false)).toEqual({ make: 'S'.repeat(100) });
  });
});

describe('the name of a profile', () => {
  /** A profile with one tag `desc`. */
  function profile(tag: Buffer, tags = 1): Buffer {
    const head = Buffer.alloc(144);
    head.writeUInt32BE(tags, 128);
    head.write('desc', 132, 'latin1');
    head.writeUInt32BE(144, 136);
    head.writeUInt32BE(tag.length, 140);
    return Buffer.concat([head, tag]);
  }
  const uint32 = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
    return bytes;
  };
  const version2 = (text: string, claimed = text.length + 1) =>
    profile(Buffer.concat([Buffer.from('desc\0\0\0\0'), uint32(claimed), Buffer.from(`${text}\0`, 'latin1')]));
  const version4 = (text: string) => {
    const utf16 = Buffer.from(text, 'utf16le').swap16();
    return profile(Buffer.concat([Buffer.from('mluc\0\0\0\0'), uint32(1, 12, 0x656e_5553, utf16.length, 28), utf16]));
  };

  test.each<[string, Buffer, string | undefined]>([
    ['version 2', version2('Adobe RGB (1998)'), 'Adobe RGB (1998)'],
    ['version 4', version4('Display P3 – Ω'), 'Display P3 – Ω'],
    ['half a character', version4('P3\ud83d'), 'P3'],
    ['a length beyond the end', version2('P3', 0xffff_ffff), 'P3'],
    ['a long name', version4('é'.repeat(1_000_000)), 'é'.repeat(100)],
    ['no name', version2(''), undefined],
    ['another type', profile(Buffer.from('text\0\0\0\0P3')), undefined],
    ['four billion tags', profile(Buffer.from('text'), 0xffff_ffff), undefined],
    ['nothing in it', Buffer.alloc(0), undefined],
  ])('is read with %s', (_, icc, name) => {
    expect(readProfileName(icc)).toBe(name);
  });

  test('in a mutated profile is a short text or absent', async () => {
    const { icc } = await sharp(await flat('red').withIccProfile('p3').png().toBuffer()).metadata();
    const random = seeded(20_261_126);
    let read = 0;
    for (let round = 0; round < 3000; round += 1) {
      const name = readProfileName(mutate(icc ?? Buffer.alloc(0), random)) ?? '';
      expect(name).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}]{0,100}$/u);
      if (name) read += 1;
    }
    expect(read).toBeGreaterThan(500);
  });
});

/** Returns a copy with up to eight changes: random bytes, extreme numbers, or a shorter end. */
function mutate(whole: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(whole);
  for (let left = 1 + random(8); left > 0; left -= 1) {
    const at = random(bytes.length - 4);
    const kind = random(3);
    if (kind === 0) bytes[at] = random(256);
    else if (kind === 1) bytes.fill(0xff, at, at + 1 + random(4));
    else bytes.writeUInt32LE(random(bytes.length * 2), at);
  }
  return random(10) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}
