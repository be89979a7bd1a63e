import type { Request, Response } from 'express';
import { v4 as uuid } from 'uuid';
import type { Claim, IdempotentUpload } from '../../queue/idempotency.ts';
import type { NewBatch, QueueClient } from '../../queue/queue-client.ts';
import { UncertainError } from '../../queue/redis-timeout.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { IncomingUpload } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';

/** A batch that was accepted, by this request or by an earlier one with the same `Idempotency-Key`. */
export type EnqueuedBatch = Pick<IdempotentUpload, 'batchId' | 'totalFiles'> & {
  isReplay: boolean;
  /** Bytes of the files that the request contained, if it contained any. */
  receivedBytes?: number;
};

/** A stored upload that becomes a batch. */
export interface StoredUpload {
  incoming: IncomingUpload;
  /** Identifies the content of the request. */
  fingerprint: string;
  batch: Omit<NewBatch, 'batchId' | 'sender' | 'requestId'>;
}

/**
 * Commits the originals of an upload and enqueues its batch, whole or not at all. If it throws, the storage keeps nothing of the upload,
 * unless it is uncertain whether the batch was enqueued.
 *
 * @param claim of the request's `Idempotency-Key`, if it has one
 * @throws {ServiceError} `IDEMPOTENCY_KEY_REUSED` if the key belongs to another request
 */
export async function enqueueBatch(
  req: Request,
  res: Response,
  queue: QueueClient,
  claim: Claim | undefined,
  { incoming, fingerprint: ofContent, batch: content }: StoredUpload,
): Promise<EnqueuedBatch> {
  const isAsked = req.query.links === 'signed';
  const signsLinks = isAsked || content.signsLinks === true;
  const fingerprint = isAsked ? `${ofContent} signed` : ofContent;
  let isOurs = true;
  try {
    const upload = { batchId: claim?.first?.batchId ?? uuid(), fingerprint, totalFiles: content.files.length };
    const { batchId, totalFiles } = upload;
    if (claim?.first && claim.first.fingerprint !== fingerprint) throw new ServiceError('IDEMPOTENCY_KEY_REUSED', []);
    req.log.setBindings({ batchId });
    if (claim?.first && (await queue.isKnown(batchId))) {
      await incoming.discard();
      return { batchId, totalFiles, isReplay: true };
    }
    // If the API died between this note and the flow, the same upload continues under the same id.
    if (!claim?.first) await claim?.note(upload);
    const batch = { ...content, signsLinks, batchId, sender: clientOf(res), requestId: String(req.id) };
    try {
      // From here on the sweeper finds the originals if this process dies.
      const announced = await queue.announceBatch(batch);
      // The originals must be stored first: a worker may take a job before `addBatch` returns.
      await incoming.commit(batchId);
      await queue.addBatch(announced);
    } catch (error) {
      if (claim && !(error instanceof UncertainError)) isOurs = await claim.forget().catch(() => true);
      throw error;
    }
    return { batchId, totalFiles, isReplay: false };
  } catch (error) {
    // Keeps the originals if they may belong to a batch, made by this request or by another one with the same key.
    if (isOurs && !(error instanceof UncertainError)) await incoming.discard();
    throw error;
  }
}
