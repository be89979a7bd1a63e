import sharp, { type Sharp } from 'sharp';
import { gifBomb, pngBomb } from '../../tests/support/bombs.ts';
import { damages, encoders, smallImage } from '../../tests/support/damage.ts';
import { codedImage, heicFile, makeHeic } from '../../tests/support/heic.ts';
import { slowImage, testImage } from '../../tests/support/images.ts';
import type { Random } from '../../tests/support/random.ts';
import { gifAnimation } from './gif-animation.ts';
import { pick } from './random-options.ts';

/** Width and height in pixels of the largest images that the default limits accept: 49 megapixels. */
const LARGEST = 7000;

/** A file, and what it is. */
export interface HostileFile {
  kind: string;
  content: Buffer;
}

type Make = () => Sharp | Buffer | Promise<Sharp | Buffer>;

/** Files of one kind, and how many of a hundred files are of it. */
interface Group {
  share: number;
  /** The share of the files that are damaged, in per cent. */
  damaged: number;
  files: Record<string, Make>;
}

const flat = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp({ create: { width, height, channels, background: { r: 90, g: 60, b: 30, alpha: 0.5 } } });

const formats: Record<string, (image: Sharp) => Sharp> = {
  jpeg: (image) => image.jpeg(),
  png: (image) => image.png(),
  webp: (image) => image.webp(),
  gif: (image) => image.gif({ effort: 1 }),
  avif: (image) => image.avif({ effort: 0 }),
  tiff: (image) => image.tiff({ compression: 'lzw' }),
};

/** Encodes an image in each format. */
function inEachFormat(name: string, image: () => Sharp): Record<string, Make> {
  return Object.fromEntries(
    Object.entries(formats).map(([format, encode]) => [`${name}.${format}`, () => encode(image())]),
  );
}

/** A JPEG whose EXIF has damaged directories: their first bytes are random, and so are offsets and counts. */
async function brokenExif(random: Random): Promise<Buffer> {
  const exif = {
    IFD0: { Copyright: 'A', Artist: 'B' },
    IFD2: { ExposureTime: '1/50' },
    IFD3: { GPSLatitude: '1/1 2/1 3/1' },
  };
  const file = await smallImage(random).removeAlpha().withExif(exif).jpeg().toBuffer();
  const start = file.indexOf('Exif\0\0') + 6;
  for (let count = 1 + random(20); count > 0; count -= 1)
    file[start + random(200)] = pick(random, [0, 255, random(256)]);
  return file;
}

function groups(random: Random): Record<string, Group> {
  const small = Object.entries(encoders).map(([name, encode]): [string, Make] => [
    name,
    () => encode(smallImage(random), smallImage(random)),
  ]);
  const frames = async (count: number, side: number) =>
    sharp(await gifAnimation({ frames: count, side }), { animated: true });
  const heic = codedImage('halves');
  return {
    small: {
      share: 50,
      damaged: 60,
      files: {
        ...Object.fromEntries(small),
        'grey-alpha.png': () => smallImage(random).toColourspace('b-w').png(),
        'small.tiff': () => smallImage(random).tiff(),
        'deep.tiff': () => smallImage(random).toColourspace('rgb16').tiff(),
        'tiled.tiff': () => smallImage(random).tiff({ tile: true, pyramid: true, compression: 'deflate' }),
        'float.tiff': () => smallImage(random).toColourspace('scrgb').tiff(),
        'halves.heic': () => heicFile('halves'),
        '10-bit.heic': () => heicFile('10-bit'),
        'quadrants.heic': () => heicFile('quadrants'),
        'grid.heic': () =>
          makeHeic({ image: heic, grid: { columns: 3, rows: 2, width: heic.width * 3, height: heic.height * 2 } }),
        'broken-exif.jpeg': () => brokenExif(random),
        'turned.jpeg': () =>
          smallImage(random)
            .withMetadata({ orientation: 1 + random(8) })
            .jpeg(),
      },
    },
    odd: {
      share: 15,
      damaged: 30,
      files: {
        ...inEachFormat('1x1', () => flat(1, 1, 4)),
        ...inEachFormat('1x5000', () => flat(1, 5000)),
        ...inEachFormat('5000x1', () => flat(5000, 1)),
        ...inEachFormat('2x3', () => flat(2, 3)),
      },
    },
    photograph: { share: 10, damaged: 20, files: inEachFormat('photograph', () => testImage(1600, 1200)) },
    animation: {
      share: 18,
      damaged: 40,
      files: {
        '100-frames.gif': () => gifAnimation({ frames: 100, side: 200 }),
        '100-frames.webp': async () => (await frames(100, 64)).webp({ effort: 0 }),
        'restore-previous.gif': () => gifAnimation({ frames: 20, side: 120, disposal: 3 }),
        'restore-background.gif': () => gifAnimation({ frames: 20, side: 120, disposal: 2 }),
        'unknown-disposal.gif': () => gifAnimation({ frames: 20, side: 120, disposal: 7 }),
        'zero-delays.gif': () => gifAnimation({ frames: 30, side: 90, delay: 0 }),
        'zero-delays.webp': async () => (await frames(30, 90)).webp({ effort: 0, delay: 0 }),
        'tiny-frames.gif': () => gifAnimation({ frames: 8, side: 2400, frameSide: 1 }),
        'huge-screen.gif': () => gifAnimation({ frames: 100, side: 700, frameSide: 1, disposal: 3 }),
        'frames-outside.gif': () => gifAnimation({ frames: 20, side: 20, frameSide: 200 }),
        'many-frames.gif': () => gifBomb(10_000),
      },
    },
    large: {
      share: 7,
      damaged: 10,
      files: {
        'flat.png': () => flat(LARGEST, LARGEST).png(),
        'one-bit.png': () => pngBomb(LARGEST + 40),
        'clear-interlaced.png': () => slowImage(LARGEST),
        'deep.png': () => flat(LARGEST, LARGEST, 4).toColourspace('rgb16').png({ compressionLevel: 1 }),
        'flat.jpeg': () => flat(LARGEST, LARGEST).jpeg(),
        'progressive.jpeg': () => flat(LARGEST, LARGEST).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
        'cmyk.jpeg': () => flat(LARGEST, LARGEST).toColourspace('cmyk').jpeg(),
        'flat.webp': () => flat(LARGEST, LARGEST).webp({ effort: 0 }),
        'lossless.webp': () => flat(LARGEST, LARGEST, 4).webp({ lossless: true, effort: 0 }),
        'flat.gif': () => flat(LARGEST, LARGEST).gif({ effort: 1 }),
        'deep.tiff': () => flat(LARGEST, LARGEST, 4).toColourspace('rgb16').tiff({ compression: 'deflate' }),
        'many-frames.gif': () => gifAnimation({ frames: 60, side: LARGEST }),
        'sliver.png': () => flat(1, 65_000).png(),
        'photograph.jpeg': () => testImage(8000, 6000).jpeg({ quality: 40 }),
      },
    },
  };
}

/**
 * Generates hostile files: valid images of every format and extreme size, animations, and damaged copies.
 *
 * @param random decides the kind of each file and its damage
 */
export async function* hostileFiles(count: number, random: Random): AsyncGenerator<HostileFile> {
  const all = groups(random);
  const weighted = Object.values(all).flatMap((group) => Array<Group>(group.share).fill(group));
  const made = new Map<string, Promise<Buffer>>();
  const encode = async (name: string, make: Make): Promise<Buffer> => {
    const image = await make();
    return Buffer.isBuffer(image)
      ? image
      : image.toBuffer().catch((cause) => Promise.reject(new Error(name, { cause })));
  };
  let last = Buffer.alloc(0);
  for (let number = 0; number < count; number += 1) {
    const { damaged, files } = pick(random, weighted);
    const [name, make] = pick(random, Object.entries(files));
    const isOfChance = files === all.small?.files;
    const file = isOfChance ? await encode(name, make) : await (made.get(name) ?? encode(name, make));
    if (!isOfChance) made.set(name, Promise.resolve(file));
    const [damage, apply] = pick(random, Object.entries(allDamages));
    const isDamaged = random(100) < damaged;
    yield { kind: isDamaged ? `${damage} ${name}` : name, content: isDamaged ? apply(file, last, random) : file };
    last = Buffer.from(file.subarray(0, 100_000));
  }
}

const allDamages: typeof damages = {
  ...damages,
  appended: (file, another) => Buffer.concat([file, another]),
};
