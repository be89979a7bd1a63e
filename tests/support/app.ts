import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../src/api/app.ts';
import { createHttpServer } from '../../src/api/server.ts';
import { connectProducer } from '../../src/queue/connection.ts';
import { createQueueClient, type QueueClient } from '../../src/queue/queue-client.ts';
import { loadConfig } from '../../src/shared/config.ts';
import { createLogger } from '../../src/shared/logger.ts';
import { createOriginals } from '../../src/storage/originals.ts';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { environment } from './environment.ts';
import { until } from './processes.ts';
import type { TestRedis } from './redis.ts';

/** A logger that says nothing. */
export const silent = createLogger('test', 'silent');

/** The API's side of a queue on a test's Redis. */
export async function testQueueClient({ url }: Pick<TestRedis, 'url'>): Promise<QueueClient> {
  const { redis } = loadConfig(environment({ REDIS_URL: url }));
  const connection = connectProducer(redis, silent);
  const queue = createQueueClient({ redis: connection, prefix: '{images}', logger: silent });
  onCleanup(() => queue.close());
  await until(() => connection.status === 'ready');
  return queue;
}

/** The real app on a real socket, in this process. */
export async function listeningApp(queue: QueueClient, settings: Record<string, string> = {}) {
  const uploadDir = await temporaryFolder();
  const limits = loadConfig(environment(settings));
  const app = createApp({ queue, originals: createOriginals(uploadDir), limits, logger: silent });
  const server = createHttpServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}`, port, uploadDir };
}
