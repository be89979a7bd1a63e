import { Router } from 'express';
import { isBatchId } from '../../queue/names.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import { ServiceError } from '../../shared/errors.ts';
import { methodNotAllowed } from '../middleware/error-handler.ts';
import { POLL_AFTER_SECONDS } from './polling.ts';

/** `GET /batches/:batchId`: how far a batch and each of its files is. */
export function batchesRoute({ queue }: { queue: QueueClient }): Router {
  const router = Router();
  const route = router.route('/batches/:batchId');

  route.get(async (req, res) => {
    const { batchId } = req.params;
    const batch = isBatchId(batchId) ? await queue.readBatch(batchId) : undefined;
    if (!batch) {
      throw new ServiceError('BATCH_NOT_FOUND', `There is no batch ${JSON.stringify(batchId)}. Check the id.`);
    }
    if (batch.status === 'waiting' || batch.status === 'processing') res.set('Retry-After', POLL_AFTER_SECONDS);
    res.set('Cache-Control', 'no-store').json(batch);
  });

  route.all(methodNotAllowed('GET, HEAD'));
  return router;
}
