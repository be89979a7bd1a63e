import { z } from 'zod';

/** Attempts of a webhook that are remembered. */
export const MAX_REMEMBERED = 100;

/** One attempt to deliver a webhook. */
export const webhookAttempt = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  durationMs: z.number(),
  /** Status code of the response; absent without a response. */
  statusCode: z.int().optional(),
  /** Why there was no response. */
  error: z.string().optional(),
  isDelivered: z.boolean(),
});
/** See {@link webhookAttempt}. */
export type WebhookAttempt = z.infer<typeof webhookAttempt>;

/** Data of a webhook's job. */
export const webhookJobPayload = z.object({
  url: z.string(),
  /** The body, the same in each attempt. */
  body: z.string(),
  /** Number of deliveries that were requested: one, and one more for each redelivery. */
  requested: z.int().positive(),
  attempts: z.array(webhookAttempt),
  /** When the next attempt is due, in milliseconds since 1970. */
  nextAttemptAt: z.number().nullable(),
});
/** See {@link webhookJobPayload}. */
export type WebhookJobPayload = z.infer<typeof webhookJobPayload>;

/** Returns whether a webhook was delivered as often as requested. */
export function isDelivered({ requested, attempts }: Pick<WebhookJobPayload, 'requested' | 'attempts'>): boolean {
  return attempts.filter((attempt) => attempt.isDelivered).length >= requested;
}

/** Id of a webhook, the same in each attempt (header `webhook-id`). */
export function webhookIdOf(batchId: string): string {
  return `msg_${batchId}`;
}
