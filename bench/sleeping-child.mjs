// Loaded into every process by NODE_OPTIONS. In a child of the worker it takes the place of the image processing: the child sleeps for
// SLEEP_MS for each image, and writes a result.
import { setTimeout as delay } from 'node:timers/promises';

if (process.argv[1]?.endsWith('/worker/image-child.js')) {
  // The benchmark has built them. A checkout that was never built does not have them.
  const importBuilt = (file) => import(new URL(`../dist/${file}`, import.meta.url).href);
  const { createResults } = await importBuilt('storage/local/results.js');
  const { imageJobId } = await importBuilt('queue/names.js');
  const results = createResults(process.env.PROCESSED_DIR);
  const content = Buffer.alloc(30_000, 1);
  const placeholder = { thumbHash: '1QcSHQRnh493V4dIh4eXh1h4kJUI', dominantColor: '#808080' };

  process.once('disconnect', () => process.exit());
  process.on('message', async ({ batchId, index, originalName }) => {
    await delay(Number(process.env.SLEEP_MS));
    const jobId = imageJobId(batchId, index);
    const written = [await results.write(content, jobId, 'jpeg')];
    const outputPath = results.outputPath(jobId, 'jpeg');
    const image = { outputPath, width: 512, height: 418, bytes: content.length, format: 'jpeg' };
    process.send({ kind: 'made', written, result: { originalName, ...image, placeholder, dhash: '0'.repeat(16) } });
  });
  process.send('ready');
  // The file of the child never runs.
  await new Promise(() => {});
}
