import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { RedisConnection } from '../queue/connection.ts';
import { createRedisTimeout } from '../queue/redis-timeout.ts';
import type { StorageCheck } from '../queue/storage-check.ts';
import { ConfigError } from '../shared/config.ts';
import type { WorkerMetrics } from './metrics.ts';

/**
 * Starts the HTTP server for monitoring: `GET /metrics`, `/healthz` (the process is running) and `/readyz` (Redis is reachable, and the
 * storage is that of the queue). It reveals nothing about the processed images.
 *
 * @param redis any connection of the worker
 * @throws {ConfigError} if it cannot listen on this host and port
 */
export async function startStatusServer({
  host,
  port,
  metrics,
  redis,
  storageCheck,
}: {
  host: string;
  port: number;
  metrics: WorkerMetrics;
  redis: RedisConnection;
  storageCheck: Pick<StorageCheck, 'require'>;
}): Promise<Server> {
  const withTimeout = createRedisTimeout(redis);
  const json = (text: object, status = 200) => ({ status, type: 'application/json', text: JSON.stringify(text) });
  const routes: Record<string, () => Promise<{ status: number; type: string; text: string }>> = {
    async '/metrics'() {
      const { contentType, text } = await metrics.read();
      return { status: 200, type: contentType, text };
    },
    '/healthz': async () => json({ status: 'ok' }),
    async '/readyz'() {
      try {
        await withTimeout(() => redis.ping());
        storageCheck.require();
        return json({ status: 'ok' });
      } catch (error) {
        return json({ status: 'unavailable', detail: (error as Error).message }, 503);
      }
    },
  };
  const notFound = async () =>
    json({ detail: `Not found. This server has only ${Object.keys(routes).join(', ')}.` }, 404);

  const server = createServer(async ({ method = '', url = '' }, res) => {
    const isRead = method === 'GET' || method === 'HEAD';
    const path = url.split('?')[0] ?? '';
    const respond = isRead && Object.hasOwn(routes, path) ? (routes[path] ?? notFound) : notFound;
    const { status, type, text } = await respond();
    res.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
    res.end(method === 'HEAD' ? undefined : text);
  });
  server.listen(port, host);
  await once(server, 'listening').catch((cause) => {
    throw new ConfigError(`The worker cannot listen on ${host}:${port} (${cause.code}). Set HOST and WORKER_PORT.`);
  });
  return server;
}
