import type { Request, Response } from 'express';
import { v4 as uuid } from 'uuid';
import type { Claim, IdempotentUpload } from '../../queue/idempotency.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import { UncertainError } from '../../queue/redis-timeout.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { Storage } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';
import { batchFieldDescriptions, takeBatchFields } from './batch-fields.ts';
import { type OptionRules, optionFields, readFormOptions } from './form-options.ts';
import { receiveUpload } from './receive-upload.ts';
import type { UploadLimits } from './upload-limits.ts';

/** Dependencies of {@link acceptUpload}. */
export interface UploadParts {
  queue: QueueClient;
  storage: Storage;
  limits: UploadLimits;
  optionRules: OptionRules;
}

/**
 * Receives an upload, stores it and enqueues its batch, whole or not at all. If it throws, the storage keeps nothing of the upload,
 * unless it is uncertain whether the batch was enqueued.
 *
 * @param claim of its `Idempotency-Key`, if it has one
 * @returns its batch, and whether that had been accepted before
 * @throws {ServiceError} for every error of the upload; `IDEMPOTENCY_KEY_REUSED` when its key belongs to another upload
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
    textFields: [...Object.keys(batchFieldDescriptions), ...optionFields],
    withFingerprint: claim !== undefined,
  });
  const { files, fields, fingerprint, incoming } = received;
  let isOurs = true;
  try {
    const { tags, metadata, rest } = takeBatchFields(fields);
    const outputs = readFormOptions(rest, optionRules);
    const upload = { batchId: claim?.first?.batchId ?? uuid(), fingerprint, totalFiles: files.length };
    const { batchId, totalFiles } = upload;
    if (claim?.first && claim.first.fingerprint !== fingerprint) throw new ServiceError('IDEMPOTENCY_KEY_REUSED', []);
    if (claim?.first && (await queue.isKnown(batchId))) {
      await incoming.discard();
      return { batchId, totalFiles, isReplay: true };
    }
    // If the API died between this note and the flow, the same upload continues under the same id.
    if (!claim?.first) await claim?.note(upload);
    req.log.setBindings({ batchId });
    const batch = { batchId, files, outputs, sender: clientOf(res), tags, metadata, requestId: String(req.id) };
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
