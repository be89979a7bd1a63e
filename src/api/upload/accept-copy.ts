import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Output } from '../../imaging/options.ts';
import type { Claim } from '../../queue/idempotency.ts';
import type { SourcePayload } from '../../queue/image-job.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { Storage } from '../../storage/storage.ts';
import { type EnqueuedBatch, enqueueBatch } from './enqueue-batch.ts';

/** A batch to make of files that the service already has. */
export interface BatchCopy {
  sourceBatchId: string;
  /** The files of the source, in the order of the new batch. */
  files: readonly SourcePayload[];
  outputs: readonly Output[];
  tags: readonly string[];
  metadata: string | undefined;
  webhook: string | undefined;
  signsLinks: boolean;
}

/**
 * Makes a batch of files of another batch. The new batch owns its originals, so that each of the two can be deleted alone.
 *
 * @param claim of the request's `Idempotency-Key`, if it has one
 * @throws {ServiceError} `FILE_GONE` if an original of the source does not exist any more
 */
export async function acceptCopy(
  req: Request,
  res: Response,
  { queue, storage: { originals } }: { queue: QueueClient; storage: Storage },
  claim: Claim | undefined,
  copy: BatchCopy,
): Promise<EnqueuedBatch> {
  const { sourceBatchId, outputs, tags, metadata, webhook, signsLinks } = copy;
  const incoming = await originals.receive();
  try {
    const copies = copy.files.map(async ({ index, format }, position) => {
      // A file without a format was never imported.
      if (format !== undefined) await incoming.copy(position, sourceBatchId, index);
    });
    await Promise.all(copies);
  } catch (error) {
    await incoming.discard();
    throw error;
  }
  const files = copy.files.map(({ originalName, format, importUrl, contentHash }) =>
    format === undefined ? { originalName, importUrl } : { originalName, format, contentHash },
  );
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([req.path, copy.files.map(({ index }) => index), outputs, tags, metadata, webhook]))
    .digest('hex');
  const batch = { files, outputs, tags, metadata, webhook, signsLinks, sourceBatchId };
  return enqueueBatch(req, res, queue, claim, { incoming, fingerprint, batch });
}
