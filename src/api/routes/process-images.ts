import { Router } from 'express';
import { z } from 'zod';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { Originals } from '../../storage/originals.ts';
import { methodNotAllowed } from '../middleware/error-handler.ts';
import { checkUploadHeaders, receiveUpload, type UploadLimits } from '../middleware/receive-upload.ts';
import { POLL_AFTER_SECONDS } from './polling.ts';

/** Answer of `POST /process-images`. */
export const acceptedBatch = z
  .object({
    batchId: z.uuidv4(),
    statusUrl: z.string().meta({ description: 'Where to ask for the outcome' }),
    totalFiles: z.int().positive(),
  })
  .meta({ id: 'AcceptedBatch' });

/** `POST /process-images`: takes an upload whole or not at all. */
export function processImagesRoute({
  queue,
  originals,
  limits,
}: {
  queue: QueueClient;
  originals: Originals;
  limits: UploadLimits;
}): Router {
  const router = Router();
  const route = router.route('/process-images');

  route.post(async (req, res) => {
    checkUploadHeaders(req, limits);
    // Nothing is read that could not be enqueued.
    await queue.ping();
    const { batchId, originalNames, incoming } = await receiveUpload(req, res, { originals, limits });
    try {
      // Bytes before jobs: a worker may take the job before this line's successor runs.
      await incoming.commit();
      await queue.addBatch({ batchId, originalNames });
    } catch (error) {
      await incoming.discard();
      throw error;
    }
    const statusUrl = `/batches/${batchId}`;
    const body: z.infer<typeof acceptedBatch> = { batchId, statusUrl, totalFiles: originalNames.length };
    res.status(202).location(statusUrl).set('Retry-After', POLL_AFTER_SECONDS).json(body);
  });

  route.all(methodNotAllowed('POST'));
  return router;
}
