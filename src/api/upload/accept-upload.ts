import type { Request, Response } from 'express';
import { v4 as uuid } from 'uuid';
import type { Claim, IdempotentUpload } from '../../queue/idempotency.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import { UncertainError } from '../../queue/redis-timeout.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { Storage } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';
import { type OptionRules, optionFields, readFormOptions } from './form-options.ts';
import { receiveUpload } from './receive-upload.ts';
import type { UploadLimits } from './upload-limits.ts';

/** What an upload is accepted with. */
export interface UploadParts {
  queue: QueueClient;
  storage: Storage;
  limits: UploadLimits;
  optionRules: OptionRules;
}

/**
 * Receives an upload and enqueues it, whole or not at all. When it throws, nothing of it stays, except where it is not
 * known whether it was enqueued.
 *
 * @param claim of its `Idempotency-Key`, if it has one
 * @returns its batch, and whether that had been accepted before
 * @throws {ServiceError} for every fault of the upload; `IDEMPOTENCY_KEY_REUSED` when its key stands for another upload
 */
export async function acceptUpload(
  req: Request,
  res: Response,
  { queue, storage: { originals }, limits, optionRules }: UploadParts,
  claim: Claim | undefined,
): Promise<Pick<IdempotentUpload, 'batchId' | 'totalFiles'> & { isReplay: boolean }> {
  const received = await receiveUpload(req, res, {
    originals,
    limits,
    textFields: optionFields,
    withFingerprint: claim !== undefined,
  });
  const { files, fields, fingerprint, incoming } = received;
  let isOurs = true;
  try {
    const outputs = readFormOptions(fields, optionRules);
    const upload = { batchId: claim?.first?.batchId ?? uuid(), fingerprint, totalFiles: files.length };
    const { batchId, totalFiles } = upload;
    if (claim?.first && claim.first.fingerprint !== fingerprint) throw reused();
    if (claim?.first && (await queue.isKnown(batchId))) {
      await incoming.discard();
      return { batchId, totalFiles, isReplay: true };
    }
    // When the API died before it could enqueue what it had noted, the same upload goes on under the same id.
    if (!claim?.first) await claim?.note(upload);
    try {
      const batch = { batchId, files, outputs, sender: clientOf(res), requestId: String(req.id) };
      await queue.addBatch(batch, () => incoming.commit(batchId));
    } catch (error) {
      if (claim && !(error instanceof UncertainError)) isOurs = await claim.forget().catch(() => true);
      throw error;
    }
    return { batchId, totalFiles, isReplay: false };
  } catch (error) {
    // What may have become a batch, by this request or by another that went on with its key, must keep its originals.
    if (isOurs && !(error instanceof UncertainError)) await incoming.discard();
    throw error;
  }
}

function reused(): ServiceError {
  return new ServiceError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was used for another upload. Use a new key for each upload, and the same only to send the same again.',
  );
}
