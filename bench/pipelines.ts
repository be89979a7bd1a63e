import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { processImage } from '../src/imaging/pipeline.ts';

/** Limits that all benchmark images meet. */
export const limits = {
  acceptedFormats: ['jpeg', 'png', 'webp', 'avif'],
  maxPixels: 50_000_000,
  maxFrames: 100,
} as const;

/** The plain sharp pipeline: the baseline. */
export const plainSharp = (file: string): Promise<Uint8Array> =>
  sharp(file).resize(512).grayscale().jpeg({ quality: 80 }).toBuffer();

/** The service's pipeline with its default options, without the queue and without storing the result. */
export async function servicePipeline(file: string): Promise<Uint8Array> {
  const [image] = (await processImage(readFileSync(file), limits)).images;
  if (!image) throw new Error('the pipeline returned no image');
  return image.data;
}
