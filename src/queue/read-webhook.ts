import type { Job, Queue } from 'bullmq';
import { isDelivered, type WebhookAttempt, type WebhookJobPayload, webhookJobPayload } from './webhook-job.ts';

/** The deliveries of a webhook. */
export interface WebhookStatus {
  url: string;
  /** `pending`: another attempt follows. `failed`: none follows, and the receiver does not have it. */
  state: 'pending' | 'delivered' | 'failed';
  attempts: readonly WebhookAttempt[];
  /** When the next attempt is due, in milliseconds since 1970. */
  nextAttemptAt: number | null;
}

/** Reads the webhook of a batch; `undefined` if there is none, or if the batch has not ended. */
export async function readWebhook(webhooks: Queue, batchId: string): Promise<WebhookStatus | undefined> {
  const job: Job<WebhookJobPayload> | undefined = await webhooks.getJob(batchId);
  if (!job) return undefined;
  const payload = webhookJobPayload.parse(job.data);
  const { url, attempts, nextAttemptAt } = payload;
  const ended = isDelivered(payload) ? 'delivered' : 'failed';
  const state = job.finishedOn && nextAttemptAt === null ? ended : 'pending';
  return { url, state, attempts, nextAttemptAt };
}

/**
 * Requests another delivery of a webhook. A pending attempt is made at once instead.
 *
 * @returns `false` if there is no webhook
 */
export async function redeliverWebhook(webhooks: Queue, batchId: string): Promise<boolean> {
  const job: Job<WebhookJobPayload> | undefined = await webhooks.getJob(batchId);
  if (!job) return false;
  const payload = webhookJobPayload.parse(job.data);
  if (job.finishedOn) {
    const requested = payload.attempts.filter((attempt) => attempt.isDelivered).length + 1;
    await job.updateData({ ...payload, requested, nextAttemptAt: Date.now() });
    const outcome = (await job.isCompleted()) ? 'completed' : 'failed';
    await job.retry(outcome, { resetAttemptsMade: true, resetAttemptsStarted: true });
  } else if (await job.isDelayed()) {
    await job.promote();
  }
  return true;
}
