import { Router } from 'express';
import { z } from 'zod';
import type { BatchWatcher } from '../../queue/batch-watcher.ts';
import { batchLinks } from '../../queue/links.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import { batchStatus } from '../../queue/status.ts';
import type { Originals } from '../../storage/originals.ts';
import { type OptionRules, optionFields, readFormOptions } from '../form-options.ts';
import { methodNotAllowed } from '../middleware/error-handler.ts';
import { checkUploadHeaders, receiveUpload } from '../middleware/receive-upload.ts';
import type { UploadLimits } from '../middleware/upload-limits.ts';
import { waitAsPreferred } from '../prefer.ts';
import { isFinished, POLL_AFTER_SECONDS } from './find.ts';

/** Answer of `POST /process-images`; what is known of the batch's status is there when the client preferred to wait. */
export const acceptedBatch = batchStatus
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
export function processImagesRoute({
  queue,
  watcher,
  originals,
  limits,
  optionRules,
}: {
  queue: QueueClient;
  watcher: BatchWatcher;
  originals: Originals;
  limits: UploadLimits;
  optionRules: OptionRules;
}): Router {
  const router = Router();
  const route = router.route('/process-images');

  route.post(async (req, res) => {
    checkUploadHeaders(req, limits);
    // Nothing is read that could not be enqueued.
    await queue.ping();
    const { batchId, files, fields, incoming } = await receiveUpload(req, res, {
      originals,
      limits,
      textFields: optionFields,
    });
    try {
      const outputs = readFormOptions(fields, optionRules);
      // Bytes before jobs: a worker may take a job before this call returns.
      await incoming.commit();
      await queue.addBatch({ batchId, files, outputs });
    } catch (error) {
      await incoming.discard();
      throw error;
    }

    const statusUrl = batchLinks(batchId).self;
    const accepted: AcceptedBatch = { batchId, statusUrl, totalFiles: files.length };
    res.status(202).location(statusUrl);
    const hasWaited = await waitAsPreferred(req, res, { watcher, batchId, isWished: isFinished });
    // It is accepted, whatever happens to Redis from here on.
    const status = hasWaited ? await queue.readBatch(batchId).catch(() => undefined) : undefined;
    if (!status || !isFinished(status)) res.set('Retry-After', POLL_AFTER_SECONDS);
    res.json({ ...accepted, ...status } satisfies AcceptedBatch);
  });

  route.all(methodNotAllowed('POST'));
  return router;
}
