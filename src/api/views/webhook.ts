import { z } from 'zod';
import type { WebhookStatus } from '../../queue/read-webhook.ts';
import { webhookIdOf } from '../../queue/webhook-job.ts';

const time = z.iso.datetime();

/** Response of `GET /batches/:batchId/webhooks`. */
export const webhookResponse = z
  .object({
    webhookId: z.string().meta({ description: 'Value of the header `webhook-id`, the same in each attempt' }),
    url: z.string().meta({ description: 'Address that is called' }),
    state: z.enum(['pending', 'delivered', 'failed']).meta({
      description: '`pending`: the batch has not ended, or another attempt follows; `failed`: no other attempt follows',
    }),
    attempts: z
      .array(
        z
          .object({
            at: time.meta({ description: 'When it began' }),
            durationMs: z.number().meta({ description: 'Milliseconds until the response' }),
            statusCode: z.int().nullable().meta({ description: 'Of the response; `null` without a response' }),
            error: z.string().nullable().meta({ description: 'Why there was no response' }),
          })
          .meta({ id: 'WebhookAttempt' }),
      )
      .meta({ description: 'The oldest first, at most 100' }),
    nextAttemptAt: time.nullable().meta({ description: 'When the next attempt begins; `null` if none follows' }),
  })
  .meta({ id: 'Webhook' });
/** See {@link webhookResponse}. */
export type WebhookResponse = z.infer<typeof webhookResponse>;

/** Makes the response about a webhook. */
export function toWebhookResponse(
  batchId: string,
  { url, state, attempts, nextAttemptAt }: WebhookStatus,
): WebhookResponse {
  return {
    webhookId: webhookIdOf(batchId),
    url,
    state,
    attempts: attempts.map(({ at, durationMs, statusCode, error }) => ({
      at: new Date(at).toISOString(),
      durationMs,
      statusCode: statusCode ?? null,
      error: error ?? null,
    })),
    nextAttemptAt: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
  };
}
