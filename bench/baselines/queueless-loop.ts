// The pipeline in a loop without a queue: reads an original, processes it, stores the result durably, and repeats.
import { readFileSync } from 'node:fs';
import { configureSharp } from '../../src/imaging/configure-sharp.ts';
import { processImage } from '../../src/imaging/pipeline.ts';
import { createResults } from '../../src/storage/local/results.ts';

const [original = '', folder = '', name = ''] = process.argv.slice(2);
const limits = { acceptedFormats: ['jpeg'], maxPixels: 50_000_000, maxFrames: 100 } as const;
configureSharp(limits.acceptedFormats);
const results = createResults(folder);

process.on('message', async (count: number) => {
  for (let index = 0; index < count; index += 1) {
    const { images } = await processImage(readFileSync(original), limits);
    for (const { data } of images) {
      const result = [`${name}-${index}`, 'jpeg'] as const;
      await results.publish(await results.write(data, ...result), ...result);
    }
  }
  process.send?.('done');
});
process.send?.('ready');
