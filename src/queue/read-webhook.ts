import { setTimeout as delay } from 'node:timers/promises';
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

/** Pauses between looks at an attempt that the worker has recorded but not ended, and their number. */
const [PAUSE_MS, PAUSES] = [20, 25];

/**
 * Requests another delivery of a webhook. A pending attempt is made at once instead.
 *
 * @returns `false` if there is no webhook
 */
export async function redeliverWebhook(webhooks: Queue, batchId: string): Promise<boolean> {
  for (let pauses = 0; ; pauses += 1) {
    const job: Job<WebhookJobPayload> | undefined = await webhooks.getJob(batchId);
    if (!job) return false;
    const payload = webhookJobPayload.parse(job.data);
    if (job.finishedOn) {
      const requested = payload.attempts.filter((attempt) => attempt.isDelivered).length + 1;
      await job.updateData({ ...payload, requested, nextAttemptAt: Date.now() });
      const outcome = (await job.isCompleted()) ? 'completed' : 'failed';
      await job.retry(outcome, { resetAttemptsMade: true, resetAttemptsStarted: true });
      return true;
    }
    if (await job.isDelayed()) {
      await job.promote();
      return true;
    }
    // An attempt is waiting or running, unless the worker has just recorded its outcome. BullMQ then delays or ends the job within
    // milliseconds. If the worker has died, another worker soon makes the attempt again.
    if (!isAttemptRecorded(payload) || pauses === PAUSES) return true;
    await delay(PAUSE_MS);
  }
}

/** Returns whether the outcome of the latest attempt is known, and the next attempt is later or never. */
function isAttemptRecorded({ attempts, nextAttemptAt }: WebhookJobPayload): boolean {
  return attempts.length > 0 && (nextAttemptAt === null || nextAttemptAt > Date.now());
}
