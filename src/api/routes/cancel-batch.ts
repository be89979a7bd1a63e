import type { QueueClient } from '../../queue/queue-client.ts';
import { ServiceError } from '../../shared/errors.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { cancellations } from '../openapi/examples.ts';
import { batchParams } from '../openapi/parameters.ts';
import { guardedProblems, json, retryAfter } from '../openapi/responses.ts';
import { batchLinks } from '../views/links.ts';
import { batchResponse, toBatchResponse } from '../views/status.ts';
import { findBatch, isFinished, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** `POST /batches/:batchId/cancel`: ends the files of a batch that have not ended. */
export function cancelBatchRoute({ queue }: { queue: QueueClient }): Route {
  return defineRoute('/batches/:batchId/cancel', {
    post: {
      operation: {
        operationId: 'cancelBatch',
        tags: ['Processing'],
        summary: 'Cancel a batch: end its waiting files, and stop its running ones',
        description:
          'These files fail with the code `CANCELLED`. Files that have ended stay as they are. It can be sent again, with the same result.',
        request: { params: batchParams },
        responses: {
          200: json('All files have ended', batchResponse, { cancelled: cancellations.cancelled }),
          202: json(
            'Some files are still running, and will be stopped',
            batchResponse,
            { stopping: cancellations.stopping },
            {
              'Retry-After': retryAfter,
            },
          ),
          ...guardedProblems('BATCH_NOT_FOUND', 'BATCH_REMOVED', 'BATCH_FINISHED'),
        },
      },
      async handler(req, res) {
        const { batchId } = req.params;
        const client = clientOf(res);
        await findBatch(queue, client, batchId);
        const outcome = await queue.cancelBatch(batchId);
        // If the batch was deleted meanwhile, this throws.
        const batch = await findBatch(queue, client, batchId);
        if (outcome === 'finished') throw new ServiceError('BATCH_FINISHED', [batch.status, batchLinks(batchId).self]);
        if (!isFinished(batch)) res.status(202).set('Retry-After', String(POLL_AFTER_SECONDS));
        res.set('Cache-Control', 'no-store').json(toBatchResponse(batch));
      },
    },
  });
}
