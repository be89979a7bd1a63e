import type { Request, Response } from 'express';
import type { Claim } from '../../queue/idempotency.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { ImportConfig, LinkConfig, WebhookConfig } from '../../shared/config.ts';
import type { Storage } from '../../storage/storage.ts';
import { takeBatchFields } from './batch-fields.ts';
import { type EnqueuedBatch, enqueueBatch } from './enqueue-batch.ts';
import { type OptionRules, readOptions } from './read-options.ts';
import { receiveUpload } from './receive-upload.ts';
import type { UploadLimits } from './upload-limits.ts';

/** Dependencies of {@link acceptUpload}. */
export interface UploadParts {
  queue: QueueClient;
  storage: Storage;
  limits: UploadLimits;
  optionRules: OptionRules;
  webhooks: WebhookConfig;
  links: LinkConfig;
  imports: ImportConfig;
  /** Whether the worker may reuse results. */
  reusesResults: boolean;
}

/**
 * Receives an upload, stores it and enqueues its batch, whole or not at all. If it throws, the storage keeps nothing of the upload,
 * unless it is uncertain whether the batch was enqueued.
 *
 * @param claim of its `Idempotency-Key`, if it has one
 * @throws {ServiceError} for every error of the upload; `IDEMPOTENCY_KEY_REUSED` when its key belongs to another upload
 */
export async function acceptUpload(
  req: Request,
  res: Response,
  { queue, storage: { originals }, limits, optionRules, webhooks, reusesResults }: UploadParts,
  claim: Claim | undefined,
): Promise<EnqueuedBatch> {
  const hashes = { withFingerprint: claim !== undefined, withContentHashes: reusesResults };
  const received = await receiveUpload(req, res, { originals, limits, ...hashes });
  const { files, fields, fingerprint, receivedBytes, incoming } = received;
  let batch: Parameters<typeof enqueueBatch>[4]['batch'];
  try {
    const { tags, metadata, webhook = webhooks.url, rest } = takeBatchFields(fields, webhooks);
    batch = { files, outputs: readOptions(rest, optionRules), tags, metadata, webhook };
  } catch (error) {
    await incoming.discard();
    throw error;
  }
  return { ...(await enqueueBatch(req, res, queue, claim, { incoming, fingerprint, batch })), receivedBytes };
}
