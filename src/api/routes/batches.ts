import { Router } from 'express';
import type { QueueClient } from '../../queue/queue-client.ts';
import { clientOf } from '../http/authenticate.ts';
import { methodNotAllowed } from '../http/error-handler.ts';
import { type WaitParts, waitAsPreferred } from '../http/prefer.ts';
import { toBatchResponse } from '../views/status.ts';
import { checkBatch, findBatch, isFinished, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** `GET /batches/:batchId`: how far a batch and each of its files is. `DELETE`: removes it with its files. */
export function batchesRoute({ queue, ...waiting }: WaitParts & { queue: QueueClient }): Router {
  const router = Router();
  const route = router.route('/batches/:batchId');

  route.get(async (req, res) => {
    const { batchId } = req.params;
    let batch = await findBatch(queue, clientOf(res), batchId);
    if (await waitAsPreferred(req, res, waiting, { batchId, isWished: isFinished })) {
      batch = await findBatch(queue, clientOf(res), batchId);
    }
    if (!isFinished(batch)) res.set('Retry-After', POLL_AFTER_SECONDS);
    res.set('Cache-Control', 'no-store').json(toBatchResponse(batch));
  });

  route.delete(async (req, res) => {
    const { batchId } = req.params;
    await checkBatch(queue, clientOf(res), batchId);
    await queue.removeBatch(batchId);
    res.status(204).end();
  });

  route.all(methodNotAllowed('GET, HEAD, DELETE'));
  return router;
}
