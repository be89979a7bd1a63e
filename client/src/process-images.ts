import { inBatches } from './batching.ts';
import { forEachConcurrently } from './concurrency.ts';
import { AsyncImagesError, isGone } from './errors.ts';
import type { Http } from './http.ts';
import { type ImageInput, nameOf, type Prepared, prepare } from './inputs.ts';
import type { ProcessedImage, ProcessingProgress, ProcessOptions, UploadProgress } from './process-options.ts';
import { Queue } from './queue.ts';
import { download } from './results.ts';
import { createSender, type SentBatch } from './send-batch.ts';
import { serviceOptions } from './upload-body.ts';
import { watchBatch } from './watch-batch.ts';

const DEFAULT_BATCH_SIZE = 10;
const DEFAULT_CONCURRENCY = 4;

/** Sends images, and yields each one as soon as it has ended. Ending the iteration early aborts everything else. */
export async function* processImages(
  http: Http,
  inputs: Iterable<ImageInput> | AsyncIterable<ImageInput>,
  options: ProcessOptions = {},
): AsyncGenerator<ProcessedImage> {
  const { batchSize = DEFAULT_BATCH_SIZE, concurrency = DEFAULT_CONCURRENCY } = options;
  const ended = new Queue<ProcessedImage>();
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const upload: UploadProgress = { sentBytes: 0, knownBytes: 0 };
  const progress: ProcessingProgress = { completed: 0, failed: 0, total: 0 };
  const onSent = (bytes: number) => {
    upload.sentBytes += bytes;
    options.onUploadProgress?.({ ...upload });
  };
  const sender = createSender(http, serviceOptions(options), options.onUploadProgress && onSent);

  const emit = (image: ProcessedImage) => {
    progress[image.state] += 1;
    options.onProgress?.({ ...progress });
    ended.push(image);
  };
  const emitUnsent = (index: number, source: ImageInput, originalName: string, { code, message }: AsyncImagesError) => {
    const unsent = { index, source, originalName, jobId: null, batchId: null, result: null };
    const failure = { code, message };
    emit({ ...unsent, state: 'failed', failure, download: () => Promise.reject(new AsyncImagesError(code, message)) });
  };

  async function* prepared(): AsyncGenerator<Prepared> {
    let index = 0;
    for await (const source of inputs) {
      signal.throwIfAborted();
      progress.total += 1;
      try {
        const image = await prepare(source, index, signal);
        if ('blob' in image) upload.knownBytes += image.blob.size;
        yield image;
      } catch (error) {
        if (!(error instanceof AsyncImagesError && error.code === 'INPUT_UNREADABLE')) throw error;
        emitUnsent(index, source, nameOf(source, index), error);
      }
      index += 1;
    }
  }

  async function sendAndWait(images: readonly Prepared[], salt: string): Promise<void> {
    for (const sent of await sender.send(images, salt, signal)) {
      if ('error' in sent) {
        const { image, error } = sent;
        emitUnsent(image.index, image.source, image.name, error);
        continue;
      }
      await options.onBatch?.({ batchId: sent.batchId, indexes: sent.images.map(({ index }) => index) });
      const pending = new Set(sent.images.keys());
      try {
        await waitFor(sent, pending);
      } catch (error) {
        if (!(isGone(error) && mayResend(sent))) throw error;
      }
      const left = sent.images.filter((_, position) => pending.has(position));
      if (left.length > 0) await sendAndWait(left, crypto.randomUUID());
    }
  }

  /**
   * Whether the client sends images again whose files were deleted: they belong to an earlier upload with the same content. A caller who
   * sets the salt decides what to do.
   */
  const mayResend = ({ isReplay }: SentBatch) => isReplay && options.salt === undefined;

  async function waitFor(sent: SentBatch, pending: Set<number>): Promise<void> {
    const { batchId, images } = sent;
    for await (const { files } of watchBatch(http, batchId, signal)) {
      for (const [position, { jobId, originalName, state, result, failure, deletedAt }] of files.entries()) {
        const image = images[position];
        if (deletedAt && mayResend(sent)) continue;
        if (!image || (state !== 'completed' && state !== 'failed') || !pending.delete(position)) continue;
        const { index, source } = image;
        const ofFile = { index, source, originalName, jobId, batchId, state, result, failure };
        emit({ ...ofFile, download: (given) => download(http, jobId, given) });
      }
    }
  }

  const run = (images: readonly Prepared[]) => {
    const isUrls = images.some((image) => 'url' in image);
    return sendAndWait(images, options.salt ?? (isUrls ? crypto.randomUUID() : ''));
  };
  forEachConcurrently(concurrency, inBatches(prepared(), batchSize), run).then(
    () => ended.end(),
    (error) => {
      ended.end({ error });
      stop.abort(error);
    },
  );
  try {
    yield* ended;
  } finally {
    stop.abort(new DOMException('The iteration ended.', 'AbortError'));
  }
}
