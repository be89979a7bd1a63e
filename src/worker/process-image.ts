import { constants, setPriority } from 'node:os';
import type { SandboxedJob } from 'bullmq';
import { ImageError } from '../imaging/image-error.ts';
import { configureSharp, processImage } from '../imaging/pipeline.ts';
import { type ImageJobPayload, type ImageJobResult, readPayload } from '../queue/image-job.ts';
import { imageJobId } from '../queue/names.ts';
import { loadConfig } from '../shared/config.ts';
import { ServiceError } from '../shared/errors.ts';
import { openStorage } from '../storage/open-storage.ts';
import { StorageError } from '../storage/storage-error.ts';
import { underWatch } from './run-with-limits.ts';

// The file of the child process: it is loaded once a child, and then runs one job at a time.
const config = loadConfig();
const { originals, results } = await openStorage(config);
configureSharp(config.acceptedFormats);
// Where there is work for all cores, whoever waits for an answer of the API comes first.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
// A child without its worker works for nobody, and the worker's jobs go on elsewhere. The worker may have died while this
// file was loaded; then nothing would be heard of it any more.
process.once('disconnect', endNow);
if (!process.connected) endNow();
// When BullMQ cannot tell the worker something, it tries to tell it that, without end and without letting the event above in.
process.prependListener('uncaughtException', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || error.code === 'ERR_IPC_CHANNEL_CLOSED') endNow();
});

/** Leaves no time for libvips: whatever it is doing will be done again. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

/**
 * Milliseconds after which it is told that an image is being worked on. Most are done by then, and telling costs the worker and
 * Redis nearly as much again as the rest of their job.
 */
const TELL_AFTER_MS = 200;

/** What a child has made of a file. */
export interface Made {
  /** What becomes the job's result, once it is true. */
  result: ImageJobResult;
  /** What is written and still to be published, in the order of the payload's outputs. */
  written: string[];
}

/**
 * Runs one file's job: read → transform → write. Running it twice makes the same bytes.
 *
 * @param signal cancels the job by ending this process
 * @throws an error named `UnrecoverableError` for a fault of the image; any other is a fault of ours, to be tried again
 */
export default async function processImageJob(
  job: SandboxedJob<ImageJobPayload>,
  _token?: string,
  signal?: AbortSignal,
): Promise<Made> {
  signal?.addEventListener('abort', endNow);
  const limits = { timeoutMs: config.jobTimeoutMs, memoryBytes: config.jobMemoryBytes };
  const tell = setTimeout(() => void job.updateProgress(10).catch(() => undefined), TELL_AFTER_MS);
  try {
    const { batchId, index, originalName, outputs } = readPayload(job);
    // Not under the image's own time limit: that a storage is slow is no fault of the image.
    const original = await originals.read(batchId, index);
    const wanted = outputs.map(({ options }) => options);
    const { images, placeholder } = await underWatch(limits, () => processImage(original, config, wanted));
    const jobId = imageJobId(batchId, index);
    const written = await Promise.all(
      images.map(({ data, format }, position) => results.write(data, jobId, format, outputs[position]?.name)),
    );
    const pictures = images.map(({ data, width, height, format }, position) => {
      const name = outputs[position]?.name;
      const outputPath = results.outputPath(jobId, format, name);
      return { name, outputPath, width, height, bytes: data.byteLength, format };
    });
    const [first] = pictures;
    if (!first) throw new Error('the job names no output');
    const { name: _, ...picture } = first;
    const named = pictures.flatMap(({ name, ...rest }) => (name === undefined ? [] : [{ name, ...rest }]));
    const result = { originalName, ...picture, placeholder, ...(named.length > 0 && { outputs: named }) };
    return { result, written };
  } catch (error) {
    throw toJobError(error);
  } finally {
    clearTimeout(tell);
  }
}

/** The message becomes the `failedReason` that clients read, so nothing but a message meant for them may pass. */
function toJobError(error: unknown): Error {
  // BullMQ knows a child's errors by their name. Its class would bring all of BullMQ into each child: half of its start.
  if (error instanceof ImageError) return Object.assign(new Error(error.message), { name: 'UnrecoverableError' });
  // The rest tells the worker what to do.
  if (error instanceof ServiceError) {
    const isTemporary = error instanceof StorageError && error.isTemporary;
    return Object.assign(new Error(error.message, { cause: error.cause }), { code: error.code, isTemporary });
  }
  return new Error('The service failed at this file for a reason of its own.', { cause: error });
}
