import { Router } from 'express';
import { z } from 'zod';
import type { StorageCheck } from '../../queue/storage-check.ts';
import { clientOf } from '../http/authenticate.ts';
import { methodNotAllowed } from '../http/error-handler.ts';
import { type WaitParts, waitAsPreferred } from '../http/prefer.ts';
import type { ApiMetrics } from '../metrics.ts';
import { acceptUpload, type UploadParts } from '../upload/accept-upload.ts';
import { idempotencyKey } from '../upload/idempotency-key.ts';
import { checkUploadHeaders } from '../upload/receive-upload.ts';
import { UPLOAD_PATH } from '../upload/upload-limits.ts';
import { batchLinks } from '../views/links.ts';
import { batchResponse, toBatchResponse } from '../views/status.ts';
import { isFinished, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** Answer of `POST /process-images`; what is known of the batch's status is there when the client preferred to wait. */
export const acceptedBatch = batchResponse
  .partial()
  .extend({
    batchId: z.uuidv4(),
    statusUrl: z.string().meta({ description: 'Where to ask for the outcome' }),
    totalFiles: z.int().positive(),
  })
  .meta({ id: 'AcceptedBatch' });
/** See {@link acceptedBatch}. */
export type AcceptedBatch = z.infer<typeof acceptedBatch>;

/** `POST /process-images`: takes an upload whole or not at all. */
export function processImagesRoute(
  parts: UploadParts &
    WaitParts & { storageCheck: Pick<StorageCheck, 'require'>; metrics: Pick<ApiMetrics, 'accepted'> },
): Router {
  const { queue, storage, storageCheck, limits, metrics } = parts;
  const router = Router();
  const route = router.route(UPLOAD_PATH);

  route.post(async (req, res) => {
    checkUploadHeaders(req, limits);
    const key = idempotencyKey(req);
    // Nothing is read that could not be stored or enqueued.
    await Promise.all([queue.checkBacklog(), storage.checkFreeSpace()]);
    // After the queue: without Redis nothing can be confirmed.
    storageCheck.require();
    const claim = key === undefined ? undefined : await queue.claimKey(clientOf(res).owner, key);
    const { batchId, totalFiles, isReplay } = await acceptUpload(req, res, parts, claim).finally(() =>
      claim?.release(),
    );

    if (!isReplay) metrics.accepted(totalFiles);

    const statusUrl = batchLinks(batchId).self;
    const accepted: AcceptedBatch = { batchId, statusUrl, totalFiles };
    res.status(202).location(statusUrl);
    if (isReplay) res.set('Idempotent-Replayed', 'true');
    const hasWaited = await waitAsPreferred(req, res, parts, { batchId, isWished: isFinished });
    // It is accepted, whatever happens to Redis from here on.
    const status = hasWaited ? (await queue.readBatch(batchId).catch(() => undefined))?.value : undefined;
    if (!status || !isFinished(status)) res.set('Retry-After', POLL_AFTER_SECONDS);
    res.json({ ...accepted, ...(status && toBatchResponse(status)) } satisfies AcceptedBatch);
  });

  route.all(methodNotAllowed('POST'));
  return router;
}
