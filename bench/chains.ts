import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { processImage } from '../src/imaging/pipeline.ts';

/** What the pictures of the benchmark need. */
export const limits = { acceptedFormats: ['jpeg', 'png', 'webp', 'avif'], maxPixels: 50_000_000 } as const;

/** What most people would write. */
export const obvious = (file: string): Promise<Uint8Array> =>
  sharp(file).resize(512).grayscale().jpeg({ quality: 80 }).toBuffer();

/** The service's default, as its worker does it: without the queue and without storing the result. */
export async function ours(file: string): Promise<Uint8Array> {
  const [image] = (await processImage(readFileSync(file), limits)).images;
  if (!image) throw new Error('no picture was made');
  return image.data;
}
