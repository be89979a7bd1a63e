import type { Job, Worker } from 'bullmq';
import { Webhook } from 'standardwebhooks';
import { parseRanges } from '../network/allowed-address.ts';
import { createGuardedClient } from '../network/guarded-client.ts';
import { readRetryAfter } from '../network/retry-after.ts';
import { RECONNECT_DELAY_MS, type RedisConnection } from '../queue/connection.ts';
import { WEBHOOK_QUEUE } from '../queue/names.ts';
import { DelayedError, UnrecoverableError } from '../queue/redis-packages.ts';
import {
  isDelivered,
  MAX_REMEMBERED,
  type WebhookAttempt,
  type WebhookJobPayload,
  webhookIdOf,
  webhookJobPayload,
} from '../queue/webhook-job.ts';
import type { WebhookConfig } from '../shared/config.ts';
import type { Logger } from '../shared/logger.ts';
import { createHostLimit } from './host-limit.ts';
import type { WorkerMetrics } from './metrics.ts';
import { TolerantWorker } from './tolerant-worker.ts';

/** Time limit of one attempt. */
const ATTEMPT_TIMEOUT_MS = 10_000;
/** Attempts at the same time, and of these to the same host. */
const CONCURRENCY = 100;
const CONCURRENCY_PER_HOST = 5;
/** Part of a delay that is random, in both directions. */
const JITTER = 0.2;
/** The receiver does not want this webhook any more (Standard Webhooks 1.0.0). */
const GONE = 410;

/** A failed attempt. */
class DeliveryError extends Error {
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;

  constructor(message: string, delayMs: number) {
    super(message);
    this.delayMs = delayMs;
  }
}

/**
 * Creates the worker that delivers webhooks. A delivery is at least once: the receiver may get a webhook again if this process dies
 * between the delivery and its record.
 *
 * @param redis a connection that waits for Redis
 */
export function createWebhookWorker({
  redis,
  prefix,
  webhooks: { secrets, retryDelaysMs, allowedRanges },
  metrics,
  logger,
}: {
  redis: RedisConnection;
  prefix: string;
  webhooks: WebhookConfig;
  metrics: Pick<WorkerMetrics, 'webhookAttempted'>;
  logger: Logger;
}): Pick<Worker, 'run' | 'close'> {
  const client = createGuardedClient({ allowed: parseRanges(allowedRanges) });
  const hosts = createHostLimit(CONCURRENCY_PER_HOST);

  async function deliver(job: Job<WebhookJobPayload>, token?: string): Promise<void> {
    const payload = webhookJobPayload.parse(job.data);
    // A worker died after it had recorded the delivery.
    if (isDelivered(payload)) return;
    const { host } = new URL(payload.url);
    const leave = hosts.enter(host);
    if (!leave) {
      await job.moveToDelayed(Date.now() + hosts.busyDelayMs(host), token);
      throw new DelayedError();
    }
    try {
      await attempt(job, payload);
    } finally {
      leave();
    }
  }

  async function attempt(job: Job<WebhookJobPayload>, payload: WebhookJobPayload): Promise<void> {
    const { retryAfterMs, ...outcome } = await send(String(job.id), payload);
    const delayMs = Math.max(withJitter(retryDelaysMs[job.attemptsMade] ?? 0), retryAfterMs);
    const isLast = outcome.isDelivered || outcome.statusCode === GONE || job.attemptsMade >= retryDelaysMs.length;
    const attempts = [...payload.attempts, outcome].slice(-MAX_REMEMBERED);
    const nextAttemptAt = isLast ? null : Date.now() + delayMs;
    await job.updateData({ ...payload, attempts, nextAttemptAt });
    metrics.webhookAttempted(outcome.isDelivered ? 'delivered' : isLast ? 'given up' : 'failed');
    const { statusCode, error, durationMs } = outcome;
    logger.info({ batchId: job.id, statusCode, error, ms: durationMs, isLast }, 'webhook attempted');
    if (outcome.isDelivered) return;
    const message = error ?? `the receiver responded ${statusCode}`;
    throw isLast ? new UnrecoverableError(message) : new DeliveryError(message, delayMs);
  }

  async function send(
    batchId: string,
    { url, body }: WebhookJobPayload,
  ): Promise<WebhookAttempt & { retryAfterMs: number }> {
    const at = Date.now();
    const base = () => ({ at, durationMs: Date.now() - at, retryAfterMs: 0 });
    if (secrets.length === 0) return { ...base(), error: 'WEBHOOK_SECRETS is not set', isDelivered: false };
    const id = webhookIdOf(batchId);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'async-image-service',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1000)),
      'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, new Date(at), body)).join(' '),
    };
    try {
      const { status, headers: received } = await client.send(
        url,
        { method: 'POST', headers, body },
        ATTEMPT_TIMEOUT_MS,
      );
      const isDelivered = status >= 200 && status < 300;
      return {
        ...base(),
        statusCode: status,
        isDelivered,
        retryAfterMs: readRetryAfter(received['retry-after'], Date.now()),
      };
    } catch (error) {
      return { ...base(), error: describe(error as Error), isDelivered: false };
    }
  }

  const worker = new TolerantWorker<WebhookJobPayload, void>(WEBHOOK_QUEUE, deliver, {
    connection: redis,
    prefix,
    concurrency: CONCURRENCY,
    maxStalledCount: 20,
    lockDuration: 10_000,
    stalledInterval: 20_000,
    runRetryDelay: RECONNECT_DELAY_MS,
    settings: { backoffStrategy: (_attempts, _type, error) => (error instanceof DeliveryError ? error.delayMs : 1000) },
    autorun: false,
  });
  worker.on('error', (err) => logger.debug({ err }, 'webhook worker error'));
  return {
    run: () => worker.run(),
    async close() {
      await worker.close();
      await client.close();
    },
  };
}

function withJitter(delayMs: number): number {
  return Math.round(delayMs * (1 + JITTER * (2 * Math.random() - 1)));
}

/** Describes an error of the connection, without what the receiver sent. */
function describe({ name, message, code }: Error & { code?: string }): string {
  if (name === 'TimeoutError') return `no response within ${ATTEMPT_TIMEOUT_MS / 1000} seconds`;
  if (name === 'AddressNotAllowedError') return message;
  return code ?? name;
}
