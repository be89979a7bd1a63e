import { createApp } from '../../src/api/app.ts';
import { createHttpServer } from '../../src/api/http/server.ts';
import type { Presets } from '../../src/imaging/presets.ts';
import type { BatchFiles } from '../../src/queue/batch-remover.ts';
import { type BatchWatcher, createBatchWatcher } from '../../src/queue/batch-watcher.ts';
import { connectProducer } from '../../src/queue/connection.ts';
import { createQueueClient, type NewBatch, type QueueClient } from '../../src/queue/queue-client.ts';
import { loadConfig } from '../../src/shared/config.ts';
import { createLogger } from '../../src/shared/logger.ts';
import { createBatchFiles } from '../../src/storage/batch-files.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { environment } from './environment.ts';
import { listen } from './listen.ts';
import { until } from './processes.ts';
import type { TestRedis } from './redis.ts';

/** A logger that writes nothing. */
export const silent = createLogger('test', 'silent');

/** A storage check that always passes. */
export const confirmedStorage = { require: () => {} };

/** Creates the API's queue client, connected to a test's Redis. */
export async function testQueueClient(
  { url }: Pick<TestRedis, 'url'>,
  settings: Record<string, string> = {},
  files: BatchFiles = { remove: async () => {}, removeFile: async () => {} },
): Promise<QueueClient> {
  const { redis, maxBacklog, retentionMs } = loadConfig(environment({ REDIS_URL: url, ...settings }));
  const connection = connectProducer(redis, silent);
  const queue = createQueueClient({
    redis: connection,
    prefix: '{images}',
    files,
    maxBacklog,
    retentionMs,
    waitReplicas: redis.waitReplicas,
    timeoutMs: redis.timeoutMs,
    limiterMs: redis.timeoutMs,
    logger: silent,
  });
  onCleanup(() => queue.close());
  await until(() => connection.status === 'ready');
  return queue;
}

/** Creates a batch watcher. */
export function testWatcher(queue: QueueClient): BatchWatcher {
  const watcher = createBatchWatcher({ queue, logger: silent });
  onCleanup(() => watcher.close());
  return watcher;
}

/** The sender of a batch in tests that do not depend on the sender. */
export const anyone = { id: 'address:127.0.0.1', owner: undefined };

/** Enqueues a batch without its originals. */
export async function enqueue(queue: QueueClient, batch: NewBatch): Promise<void> {
  await queue.addBatch(await queue.announceBatch(batch));
}

/** Describes a batch to enqueue. Its originals do not exist. */
export function newBatch(batchId: string, ...originalNames: string[]) {
  return {
    batchId,
    sender: anyone,
    files: originalNames.map((originalName) => ({ originalName, format: 'jpeg' as const })),
    outputs: [{ options: {} }],
  };
}

/** Starts the real app on a real socket, in the test's own process. */
export async function listeningApp(
  redis: Pick<TestRedis, 'url'>,
  settings: Record<string, string> = {},
  { presets = {}, ...timeouts }: { presets?: Presets; idleTimeoutMs?: number } = {},
) {
  const [uploadDir, processedDir] = [await temporaryFolder(), await temporaryFolder()];
  const config = loadConfig(environment(settings));
  const storage = await openStorage({ ...config, uploadDir, processedDir });
  const queue = await testQueueClient(redis, settings, createBatchFiles(storage));
  const app = createApp({
    queue,
    watcher: testWatcher(queue),
    storage,
    storageCheck: confirmedStorage,
    limits: config,
    access: config,
    webhooks: config.webhooks,
    links: config.links,
    imports: config.imports,
    reusesResults: config.reusesResults,
    optionRules: { presets, presetsOnly: config.presetsOnly, watermarks: [] },
    logger: silent,
  });
  const server = createHttpServer(app, { ...config, ...timeouts });
  const port = await listen(server);
  return { server, url: `http://127.0.0.1:${port}`, port, uploadDir, processedDir };
}
