import { ImageError } from '../imaging/image-error.ts';
import type { ImagingLimits } from '../imaging/limits.ts';
import { processImage } from '../imaging/pipeline.ts';
import type { ImageJobPayload, ImageJobResult } from '../queue/image-job.ts';
import { imageJobId } from '../queue/names.ts';
import type { Config } from '../shared/config.ts';
import { ServiceError } from '../shared/errors.ts';
import type { Storage } from '../storage/storage.ts';
import { StorageError } from '../storage/storage-error.ts';
import { type ProcessOutcome, toCause, toStorageOutcome } from './outcome.ts';
import { runWithLimits } from './run-with-limits.ts';

/** Settings that processing an image needs. */
type ImageLimits = ImagingLimits & Pick<Config, 'jobTimeoutMs' | 'jobMemoryBytes'>;

/**
 * Processes one file: read → transform → write. Running it twice makes the same bytes. It never rejects.
 *
 * @returns `made` once all results are written; they are not published yet
 */
export async function processFile(
  payload: ImageJobPayload,
  storage: Pick<Storage, 'originals' | 'results'>,
  limits: ImageLimits,
): Promise<ProcessOutcome> {
  try {
    return { kind: 'made', ...(await makeResults(payload, storage, limits)) };
  } catch (error) {
    return toOutcome(error);
  }
}

async function makeResults(
  { batchId, index, originalName, outputs }: ImageJobPayload,
  { originals, results }: Pick<Storage, 'originals' | 'results'>,
  { jobTimeoutMs, jobMemoryBytes, ...limits }: ImageLimits,
): Promise<{ result: ImageJobResult; written: string[] }> {
  // Outside the image's time limit: a slow storage is not the image's failure.
  const original = await originals.read(batchId, index);
  const isLarge = 'path' in original;
  const { images, ...description } = await runWithLimits({ timeoutMs: jobTimeoutMs, memoryBytes: jobMemoryBytes }, () =>
    processImage(
      original,
      limits,
      outputs.map(({ options }) => options),
    ),
  ).finally(() => isLarge && original.close());
  const jobId = imageJobId(batchId, index);
  const names = outputs.map(({ name }) => name);
  const written = await Promise.all(
    images.map(({ data, format }, position) => results.write(data, jobId, format, names[position])),
  );
  const made = images.map(({ data, width, height, format }, position) => {
    const outputPath = results.outputPath(jobId, format, names[position]);
    return { outputPath, width, height, bytes: data.byteLength, format };
  });
  const [first] = made;
  if (!first) throw new Error('the job names no output');
  const variants = made.flatMap((image, position) => {
    const name = names[position];
    return name === undefined ? [] : [{ name, ...image }];
  });
  const result = { originalName, ...first, ...description, ...(variants.length > 0 && { outputs: variants }) };
  return { result, written };
}

/** Messages of failures reach clients, so only those that are meant for clients are passed on. The cause is for the log. */
function toOutcome(error: unknown): ProcessOutcome {
  if (error instanceof ImageError) {
    const { code, message, cause } = error;
    return {
      kind: 'failed',
      failure: { code, message },
      isFinal: true,
      cause: cause === undefined ? cause : toCause(cause),
    };
  }
  if (error instanceof StorageError) return toStorageOutcome(error);
  const failure =
    error instanceof ServiceError && error.code === 'FILE_GONE'
      ? { code: 'ORIGINAL_GONE' as const, message: error.message }
      : { code: 'INTERNAL' as const, message: 'The service failed to process this file. Its log has the cause.' };
  return { kind: 'failed', failure, isFinal: false, cause: toCause(error) };
}
