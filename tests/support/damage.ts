import sharp, { type Sharp } from 'sharp';
import type { File } from './client.ts';
import { type Random, seeded } from './random.ts';

/** Bytes at the start of a file in which most formats keep what they say about themselves. */
const HEADER_BYTES = 256;

/** A gradient under noise, small and the same for the same numbers; sharp's own noise differs each time. */
function smallPicture(random: Random): Sharp {
  const [width, height, channels] = [48 + random(153), 48 + random(153), 4 as const];
  const pixels = Buffer.alloc(width * height * channels);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = ((at / width) % 160) + random(96);
  return sharp(pixels, { raw: { width, height, channels } });
}

/** Every accepted format, in each of the ways in which its files differ inside. */
const encoders: Record<string, (picture: Sharp, another: Sharp) => Sharp | Promise<Sharp>> = {
  'baseline.jpg': (picture) => picture.jpeg(),
  'progressive.jpg': (picture) => picture.jpeg({ progressive: true }),
  'turned.jpg': (picture) => picture.withMetadata({ orientation: 6 }).jpeg(),
  'profile.jpg': (picture) => picture.withIccProfile('p3').jpeg(),
  'cmyk.jpg': (picture) => picture.toColourspace('cmyk').jpeg(),
  'grey.jpg': (picture) => picture.toColourspace('b-w').jpeg(),
  'alpha.png': (picture) => picture.png(),
  'interlaced.png': (picture) => picture.png({ progressive: true }),
  'palette.png': (picture) => picture.png({ palette: true, colours: 16 }),
  'deep.png': (picture) => picture.toColourspace('rgb16').png(),
  'lossy.webp': (picture) => picture.webp(),
  'lossless.webp': (picture) => picture.webp({ lossless: true }),
  'animated.webp': async (picture, another) => (await animation(picture, another)).webp(),
  'still.gif': (picture) => picture.gif(),
  'animated.gif': async (picture, another) => (await animation(picture, another)).gif(),
  'lossy.avif': (picture) => picture.removeAlpha().avif({ effort: 0 }),
  'alpha.avif': (picture) => picture.avif({ effort: 0 }),
  'lossless.avif': (picture) => picture.avif({ effort: 0, lossless: true }),
};

async function animation(...frames: Sharp[]): Promise<Sharp> {
  const files = await Promise.all(frames.map((frame) => frame.resize(64, 64).png().toBuffer()));
  return sharp(files, { join: { animated: true } });
}

/** Makes a damaged copy of a file, if need be with a part of another one. */
type Damage = (file: Buffer, another: Buffer, random: Random) => Buffer;

const flipBits = (file: Buffer, within: number, random: Random) => {
  const damaged = Buffer.from(file);
  for (let left = 1 + random(16); left > 0; left -= 1) {
    const at = random(Math.min(within, damaged.length));
    damaged[at] = (damaged[at] ?? 0) ^ (1 << random(8));
  }
  return damaged;
};

const filled = (file: Buffer, from: number, until: number, value: number) => {
  const damaged = Buffer.from(file);
  damaged.subarray(from, until).fill(value);
  return damaged;
};

const damages: Record<string, Damage> = {
  truncated: (file, _, random) => file.subarray(0, random(file.length)),
  flipped: (file, _, random) => flipBits(file, file.length, random),
  'flipped-header': (file, _, random) => flipBits(file, HEADER_BYTES, random),
  // Lengths, counts and sizes at their largest.
  'huge-number': (file, _, random) => {
    const from = random(HEADER_BYTES);
    return filled(file, from, from + 1 + random(4), 0xff);
  },
  spliced: (file, another, random) =>
    Buffer.concat([file.subarray(0, random(file.length)), another.subarray(random(another.length))]),
  emptied: (file, _, random) => {
    const from = random(file.length);
    return filled(file, from, from + random(512), 0);
  },
  doubled: (file, _, random) => {
    const from = random(file.length);
    const until = from + random(512);
    return Buffer.concat([file.subarray(0, until), file.subarray(from)]);
  },
};

/**
 * Small pictures of every accepted format, damaged in every way, in turn.
 *
 * @param seed the same seed makes the same files
 * @returns files whose names say what they were and what was done to them
 */
export async function* damagedFiles(count: number, seed: number): AsyncGenerator<File> {
  const random = seeded(seed);
  const kinds = Object.keys(encoders);
  const ways = Object.entries(damages);
  let sources: Buffer[] = [];
  for (let number = 0; number < count; number += 1) {
    // Other pictures after each way of damage for each kind.
    if (number % (kinds.length * ways.length) === 0)
      sources = await Promise.all(
        Object.values(encoders).map(async (encode) => {
          const image = await encode(smallPicture(random), smallPicture(random));
          return image.toBuffer();
        }),
      );
    const kind = number % kinds.length;
    const [way, damage] = ways[Math.floor(number / kinds.length) % ways.length] ?? never();
    const file = sources[kind] ?? never();
    yield [`${number}-${way}-${kinds[kind]}`, damage(file, sources[random(sources.length)] ?? file, random)];
  }
}

function never(): never {
  throw new Error('there is at least one');
}
