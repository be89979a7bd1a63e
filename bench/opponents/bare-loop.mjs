// The pipeline in a loop, without any queue: reads an original, processes it, stores the result durably, takes the next.
import { readFile } from 'node:fs/promises';
import { configureSharp, processImage } from '../../dist/imaging/pipeline.js';
import { createResults } from '../../dist/storage/results.js';

const [original, folder, name] = process.argv.slice(2);
const limits = { acceptedFormats: ['jpeg'], maxPixels: 50_000_000 };
configureSharp(limits.acceptedFormats);
const results = createResults(folder);

process.on('message', async (count) => {
  for (let index = 0; index < count; index += 1) {
    const { images } = await processImage(await readFile(original), limits);
    await results.save(`${name}-${index}`, 'jpeg', images[0].data);
  }
  process.send('done');
});
process.send('ready');
