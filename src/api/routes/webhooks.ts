import type { QueueClient } from '../../queue/queue-client.ts';
import type { WebhookStatus } from '../../queue/read-webhook.ts';
import { ServiceError } from '../../shared/errors.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { webhooks } from '../openapi/examples.ts';
import { batchParams } from '../openapi/parameters.ts';
import { guardedProblems, json } from '../openapi/responses.ts';
import { toWebhookResponse, webhookResponse } from '../views/webhook.ts';
import { findBatch, findEndedBatch } from './load-or-404.ts';

const errors = ['BATCH_NOT_FOUND', 'BATCH_REMOVED', 'WEBHOOK_NOT_FOUND'] as const;

/** `GET /batches/:batchId/webhooks`: the deliveries of the webhook of a batch. */
export function webhooksRoute({ queue }: { queue: QueueClient }): Route {
  return defineRoute('/batches/:batchId/webhooks', {
    get: {
      operation: {
        operationId: 'getWebhook',
        tags: ['Status'],
        summary: 'The webhook of a batch, with each attempt to deliver it',
        description: 'It is `pending` until the receiver has responded with 2xx, or no other attempt follows.',
        request: { params: batchParams },
        responses: { 200: json('The webhook', webhookResponse, webhooks), ...guardedProblems(...errors) },
      },
      async handler(req, res) {
        const { batchId } = req.params;
        const { webhook } = await findBatch(queue, clientOf(res), batchId);
        const status = await readWebhook(queue, batchId, webhook);
        res.set('Cache-Control', 'no-store').json(toWebhookResponse(batchId, status));
      },
    },
  });
}

/** `POST /batches/:batchId/webhooks/redeliver`: delivers the webhook again. */
export function redeliverRoute({ queue }: { queue: QueueClient }): Route {
  return defineRoute('/batches/:batchId/webhooks/redeliver', {
    post: {
      operation: {
        operationId: 'redeliverWebhook',
        tags: ['Processing'],
        summary: 'Deliver the webhook of a batch again, or at once if an attempt is pending',
        description: 'The new delivery has the same id and body as the first.',
        request: { params: batchParams },
        responses: {
          202: json('The webhook will be delivered', webhookResponse, { pending: webhooks.pending }),
          ...guardedProblems(...errors, 'BATCH_NOT_FINISHED'),
        },
      },
      async handler(req, res) {
        const { batchId } = req.params;
        const { webhook } = await findEndedBatch(queue, clientOf(res), batchId);
        await queue.redeliverWebhook(batchId);
        const status = await readWebhook(queue, batchId, webhook);
        res.status(202).set('Cache-Control', 'no-store').json(toWebhookResponse(batchId, status));
      },
    },
  });
}

/** @throws {ServiceError} `WEBHOOK_NOT_FOUND` if the batch has no webhook */
async function readWebhook(queue: QueueClient, batchId: string, url: string | undefined): Promise<WebhookStatus> {
  if (url === undefined) throw new ServiceError('WEBHOOK_NOT_FOUND', []);
  // There are no deliveries before the batch has ended.
  return (await queue.readWebhook(batchId)) ?? { url, state: 'pending', attempts: [], nextAttemptAt: null };
}
