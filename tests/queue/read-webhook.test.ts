import { setTimeout as delay } from 'node:timers/promises';
import { DelayedError, type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { redeliverWebhook } from '../../src/queue/read-webhook.ts';
import type { WebhookJobPayload } from '../../src/queue/webhook-job.ts';
import { onCleanup } from '../support/cleanup.ts';
import { until } from '../support/processes.ts';
import { startRedis } from '../support/redis.ts';

test('a redelivery also takes effect after the worker has recorded an attempt and before BullMQ delays the job', async () => {
  const connection = new Redis((await startRedis()).url, { maxRetriesPerRequest: null });
  const queue = new Queue('webhooks', { connection });
  const anHourLater = Date.now() + 3_600_000;
  const attempts = [{ at: 1, durationMs: 1, statusCode: 503, isDelivered: false }];
  let calls = 0;
  let recorded = () => {};
  const isRecorded = new Promise<void>((resolve) => {
    recorded = resolve;
  });
  const attempt = async (job: Job<WebhookJobPayload>, token?: string) => {
    calls += 1;
    if (calls > 1) return;
    await job.updateData({ ...job.data, attempts, nextAttemptAt: anHourLater });
    recorded();
    await delay(200);
    await job.moveToDelayed(anHourLater, token);
    throw new DelayedError();
  };
  const worker = new Worker<WebhookJobPayload>('webhooks', attempt, { connection });
  onCleanup(async () => {
    await Promise.all([worker.close(), queue.close()]);
    connection.disconnect();
  });
  await queue.add(
    'webhook',
    { url: 'https://example.com', body: '{}', requested: 1, attempts: [], nextAttemptAt: null },
    { jobId: 'a' },
  );
  await isRecorded;
  expect(await redeliverWebhook(queue, 'a')).toBe(true);
  await until(() => calls === 2);
});
