import { Router } from 'express';
import type { BatchWatcher } from '../../queue/batch-watcher.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import { methodNotAllowed } from '../middleware/error-handler.ts';
import { waitAsPreferred } from '../prefer.ts';
import { findBatch, isFinished, POLL_AFTER_SECONDS } from './find.ts';

/** `GET /batches/:batchId`: how far a batch and each of its files is. */
export function batchesRoute({ queue, watcher }: { queue: QueueClient; watcher: BatchWatcher }): Router {
  const router = Router();
  const route = router.route('/batches/:batchId');

  route.get(async (req, res) => {
    const { batchId } = req.params;
    let batch = await findBatch(queue, batchId);
    if (await waitAsPreferred(req, res, { watcher, batchId, isWished: isFinished })) {
      batch = await findBatch(queue, batchId);
    }
    if (!isFinished(batch)) res.set('Retry-After', POLL_AFTER_SECONDS);
    res.set('Cache-Control', 'no-store').json(batch);
  });

  route.all(methodNotAllowed('GET, HEAD'));
  return router;
}
