import type { QueueClient } from '../../queue/queue-client.ts';
import type { LinkConfig } from '../../shared/config.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { type WaitParts, waitAsPreferred } from '../http/prefer.ts';
import { linksErrors, linksQuery, urlWriter } from '../http/signed-links.ts';
import { batches } from '../openapi/examples.ts';
import { batchParams, preferHeader } from '../openapi/parameters.ts';
import { guardedProblems, json, whileUnfinished } from '../openapi/responses.ts';
import { batchResponse, toBatchResponse } from '../views/status.ts';
import { checkBatch, findBatch, isFinished, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** `GET /batches/:batchId`: the status of a batch and of each of its files. `DELETE`: deletes it with its files. */
export function batchesRoute({
  queue,
  links,
  ...waiting
}: WaitParts & { queue: QueueClient; links: LinkConfig }): Route {
  return defineRoute('/batches/:batchId', {
    get: {
      operation: {
        operationId: 'getBatch',
        tags: ['Status'],
        summary: 'Status of a batch and of each of its files',
        description:
          'With `Prefer: wait`, responds when the batch has ended. After that only `deletedAt` of its files can change.',
        request: { params: batchParams, query: linksQuery, headers: [preferHeader] },
        responses: {
          200: json('Status of the batch', batchResponse, batches, { 'Retry-After': whileUnfinished }),
          ...guardedProblems(...linksErrors, 'BATCH_NOT_FOUND', 'BATCH_REMOVED'),
        },
      },
      async handler(req, res) {
        const { batchId } = req.params;
        const writeUrl = urlWriter(req, links);
        let batch = await findBatch(queue, clientOf(res), batchId);
        if (await waitAsPreferred(req, res, waiting, { batchId, condition: isFinished })) {
          batch = await findBatch(queue, clientOf(res), batchId);
        }
        if (!isFinished(batch)) res.set('Retry-After', String(POLL_AFTER_SECONDS));
        res.set('Cache-Control', 'no-store').json(toBatchResponse(batch, writeUrl));
      },
    },
    delete: {
      operation: {
        operationId: 'removeBatch',
        tags: ['Processing'],
        summary: 'Delete a batch with its files, and stop its running jobs',
        description: 'From then on every request for the batch responds 410.',
        request: { params: batchParams },
        responses: {
          204: { description: 'It is deleted' },
          ...guardedProblems('BATCH_NOT_FOUND', 'BATCH_REMOVED', 'STORAGE_UNAVAILABLE'),
        },
      },
      async handler(req, res) {
        const { batchId } = req.params;
        await checkBatch(queue, clientOf(res), batchId);
        await queue.removeBatch(batchId);
        res.status(204).end();
      },
    },
  });
}
