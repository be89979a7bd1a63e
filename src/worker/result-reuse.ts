import { createHash } from 'node:crypto';
import type { Job } from 'bullmq';
import { withDefaults } from '../imaging/options.ts';
import type { RedisConnection } from '../queue/connection.ts';
import {
  type ImageJobPayload,
  type ImageJobResult,
  imageJobResult,
  readPayload,
  resultsOf,
  type SourcePayload,
} from '../queue/image-job.ts';
import { serviceKeys } from '../queue/keys.ts';
import { IMAGE_QUEUE, imageJobId } from '../queue/names.ts';
import { PAYLOAD_VERSION } from '../queue/payload-version.ts';
import { Queue } from '../queue/redis-packages.ts';
import type { Logger } from '../shared/logger.ts';
import { version } from '../shared/version.ts';
import type { Results } from '../storage/storage.ts';

/** Lifetime of a key if batches never expire: 30 days. */
const KEY_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

/** Reuses results: the same content with the same options is processed only once for each owner. */
export interface ResultReuse {
  /**
   * Publishes copies of the results of an earlier job as the results of this one. It never rejects.
   *
   * @returns the result; `undefined` if the file must be processed
   */
  take(payload: ImageJobPayload): Promise<ImageJobResult | undefined>;
  /** Lets later jobs reuse the results of a job that has completed. It never rejects. */
  offer(job: Job<SourcePayload>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Creates a {@link ResultReuse}. A key in Redis leads from the content and the options to the last job that had them. The key is only a
 * hint. The job itself decides: it must still exist and have the same owner, content and options.
 *
 * @param redis a connection that waits for Redis
 * @param retentionMs time after its end at which a batch is removed; 0 for never
 * @param environment what results depend on besides: versions of the libraries, so that an upgrade does not serve results of the old
 *   version, and the watermarks
 */
export function createResultReuse({
  redis,
  prefix,
  results,
  retentionMs,
  environment,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  results: Pick<Results, 'copy' | 'outputPath'>;
  retentionMs: number;
  environment: object;
  logger: Logger;
}): ResultReuse {
  const images = new Queue<SourcePayload>(IMAGE_QUEUE, { connection: redis, prefix });
  images.on('error', (err) => logger.debug({ err }, 'queue error'));
  const keys = serviceKeys(prefix);
  const lifeMs = retentionMs > 0 ? retentionMs : KEY_LIFE_MS;
  const versions = [version, PAYLOAD_VERSION, environment];

  /** Derives the key of the results of a job. Returns `undefined` if the hash of its original is unknown. */
  function keyOf({ owner, contentHash, format, outputs }: ImageJobPayload): string | undefined {
    if (contentHash === undefined) return undefined;
    const wanted = outputs.map(({ name, options }) => [
      name,
      Object.entries(withDefaults(options, format)).sort(([one], [other]) => (one < other ? -1 : 1)),
    ]);
    const all = JSON.stringify([versions, owner, contentHash, wanted]);
    return keys.reuse(createHash('sha256').update(all).digest('hex'));
  }

  /** Finds a completed job with the same key. */
  async function find(key: string): Promise<{ sourceId: string; result: ImageJobResult } | undefined> {
    const sourceId = await redis.get(key);
    const source = sourceId === null ? undefined : await images.getJob(sourceId);
    if (sourceId === null || !source?.returnvalue || keyOf(readPayload(source)) !== key) return undefined;
    return { sourceId, result: imageJobResult.parse(source.returnvalue) };
  }

  return {
    async take(payload) {
      const key = keyOf(payload);
      if (key === undefined) return undefined;
      const jobId = imageJobId(payload.batchId, payload.index);
      try {
        const found = await find(key);
        if (!found) return undefined;
        const { sourceId, result } = found;
        for (const { format, variant } of resultsOf(jobId, payload)) {
          await results.copy(sourceId, jobId, format, variant);
        }
        const outputs = result.outputs?.map((output) => ({
          ...output,
          outputPath: results.outputPath(jobId, output.format, output.name),
        }));
        return {
          ...result,
          originalName: payload.originalName,
          outputPath: results.outputPath(jobId, result.format, outputs?.[0]?.name),
          ...(outputs && { outputs }),
          reused: true,
        };
      } catch (err) {
        logger.debug({ jobId, err }, 'no result can be reused; the image is processed');
        return undefined;
      }
    },

    // The last job has the longest retention left. If the worker dies before this, the content is only processed once more.
    async offer(job) {
      try {
        const key = keyOf(readPayload(job));
        if (key !== undefined) await redis.set(key, String(job.id), 'PX', lifeMs);
      } catch (err) {
        logger.debug({ jobId: job.id, err }, 'this result will not be reused');
      }
    },

    close: () => images.close(),
  };
}
