import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { ImageJobPayload } from '../../src/queue/image-job.ts';
import { onCleanup } from './cleanup.ts';
import type { TestRedis } from './redis.ts';

/** Returns a valid result of an image job, without a file. */
export const madeUpResult = (originalName: string) => ({
  originalName,
  outputPath: 'processed/x.jpg',
  width: 512,
  height: 384,
  bytes: 1000,
  format: 'jpeg' as const,
  placeholder: { thumbHash: 'HAiCAQR4eHiIB4eIeIiHiHB4dw==', dominantColor: '#686868' },
});

/**
 * Takes image jobs instead of the worker, so that the test decides when and how each job ends.
 *
 * @returns a function that stops taking jobs
 */
export function takeJobs(
  { url }: TestRedis,
  process: (payload: ImageJobPayload, attempt: number) => Promise<unknown>,
): () => Promise<void> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  connection.on('error', () => {});
  const worker = new Worker<ImageJobPayload>('images', (job) => process(job.data, job.attemptsStarted), {
    connection,
    prefix: '{images}',
    concurrency: 10,
  });
  worker.on('error', () => {});
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= worker.close().then(() => connection.disconnect());
    return stopping;
  };
  onCleanup(stop);
  return stop;
}
