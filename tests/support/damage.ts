import sharp, { type Sharp } from 'sharp';
import type { File } from './client.ts';
import { type Random, seeded } from './random.ts';

/** The first bytes of a file, where most formats have their header. */
const HEADER_BYTES = 256;

/** Creates a small gradient with noise. It depends on `random` only, unlike sharp's own noise. */
export function smallImage(random: Random): Sharp {
  const [width, height, channels] = [48 + random(153), 48 + random(153), 4 as const];
  const pixels = Buffer.alloc(width * height * channels);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = ((at / width) % 160) + random(96);
  return sharp(pixels, { raw: { width, height, channels } });
}

/** Every accepted format, in each of its encodings. */
export const encoders: Record<string, (image: Sharp, another: Sharp) => Sharp | Promise<Sharp>> = {
  'baseline.jpg': (image) => image.jpeg(),
  'progressive.jpg': (image) => image.jpeg({ progressive: true }),
  'rotated.jpg': (image) => image.withMetadata({ orientation: 6 }).jpeg(),
  'profile.jpg': (image) => image.withIccProfile('p3').jpeg(),
  'cmyk.jpg': (image) => image.toColourspace('cmyk').jpeg(),
  'grey.jpg': (image) => image.toColourspace('b-w').jpeg(),
  'alpha.png': (image) => image.png(),
  'interlaced.png': (image) => image.png({ progressive: true }),
  'palette.png': (image) => image.png({ palette: true, colours: 16 }),
  'deep.png': (image) => image.toColourspace('rgb16').png(),
  'lossy.webp': (image) => image.webp(),
  'lossless.webp': (image) => image.webp({ lossless: true }),
  'animated.webp': async (image, another) => (await animation(image, another)).webp(),
  'still.gif': (image) => image.gif(),
  'animated.gif': async (image, another) => (await animation(image, another)).gif(),
  'lossy.avif': (image) => image.removeAlpha().avif({ effort: 0 }),
  'alpha.avif': (image) => image.avif({ effort: 0 }),
  'lossless.avif': (image) => image.avif({ effort: 0, lossless: true }),
};

async function animation(...frames: Sharp[]): Promise<Sharp> {
  const files = await Promise.all(frames.map((frame) => frame.resize(64, 64).png().toBuffer()));
  return sharp(files, { join: { animated: true } });
}

/** Returns a damaged copy of a file. Some kinds of damage take a part of another file. */
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

export const damages: Record<string, Damage> = {
  truncated: (file, _, random) => file.subarray(0, random(file.length)),
  flipped: (file, _, random) => flipBits(file, file.length, random),
  'flipped-header': (file, _, random) => flipBits(file, HEADER_BYTES, random),
  // Sets lengths, counts and dimensions to their maximum.
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
 * Generates small images of every accepted format with every kind of damage.
 *
 * @param seed the same seed generates the same files
 * @returns files whose names contain the kind of damage and the original encoding
 */
export async function* damagedFiles(count: number, seed: number): AsyncGenerator<File> {
  const random = seeded(seed);
  const encodings = Object.keys(encoders);
  const kinds = Object.entries(damages);
  let sources: Buffer[] = [];
  for (let number = 0; number < count; number += 1) {
    // New images after every combination of encoding and damage.
    if (number % (encodings.length * kinds.length) === 0)
      sources = await Promise.all(
        Object.values(encoders).map(async (encode) => {
          const image = await encode(smallImage(random), smallImage(random));
          return image.toBuffer();
        }),
      );
    const encoding = number % encodings.length;
    const [kind, damage] = kinds[Math.floor(number / encodings.length) % kinds.length] ?? never();
    const file = sources[encoding] ?? never();
    yield [`${number}-${kind}-${encodings[encoding]}`, damage(file, sources[random(sources.length)] ?? file, random)];
  }
}

function never(): never {
  throw new Error('unreachable: the lists are not empty');
}
