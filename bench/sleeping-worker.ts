// A worker that sleeps for each image. Its argument is the duration in milliseconds.
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'bullmq';
import { IMAGE_QUEUE } from '../src/queue/names.ts';

const worker = new Worker(IMAGE_QUEUE, async () => delay(Number(process.argv[2])), {
  connection: { url: process.env.REDIS_URL ?? '' },
  prefix: '{images}',
  autorun: false,
});
worker.on('error', (error) => console.error(error));
process.once('message', () => void worker.run());
await worker.waitUntilReady();
process.send?.('ready');
