import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RedisConnection } from '../queue/connection.ts';
import { createRedisTimeout } from '../queue/redis-timeout.ts';
import type { StorageCheck } from '../queue/storage-check.ts';
import { type Config, ConfigError } from '../shared/config.ts';
import type { MetricsPage } from '../shared/metrics.ts';

/** The status that the server reports: of this process, or of all processes of the worker. */
interface Status {
  readMetrics(): Promise<MetricsPage>;
  /** Throws if a process does not respond. */
  requireAlive(): unknown;
  /** Throws if a process cannot work. */
  requireReady(): unknown;
}

/** Creates a check whether Redis is reachable, and the storage is that of the queue. It throws if not. */
export function createReadiness(redis: RedisConnection, storageCheck: Pick<StorageCheck, 'require'>) {
  const withTimeout = createRedisTimeout(redis);
  return async (): Promise<void> => {
    await withTimeout(() => redis.ping());
    storageCheck.require();
  };
}

/**
 * Starts the HTTP server for monitoring, if it has a port: `GET /metrics`, `/healthz` (whether the worker runs) and `/readyz` (whether it
 * can work). It reveals nothing about the processed images.
 *
 * @throws {ConfigError} if it cannot listen on this host and port
 */
export async function startStatusServer(
  { host, workerPort }: Pick<Config, 'host' | 'workerPort'>,
  { readMetrics, requireAlive, requireReady }: Status,
): Promise<void> {
  if (workerPort === undefined) return;
  const json = (text: object, status = 200) => ({ status, type: 'application/json', text: JSON.stringify(text) });
  const check = async (require: () => unknown) => {
    try {
      await require();
      return json({ status: 'ok' });
    } catch (error) {
      return json({ status: 'unavailable', detail: (error as Error).message }, 503);
    }
  };
  const routes: Record<string, () => Promise<{ status: number; type: string; text: string }>> = {
    async '/metrics'() {
      const { contentType, text } = await readMetrics();
      return { status: 200, type: contentType, text };
    },
    '/healthz': () => check(requireAlive),
    '/readyz': () => check(requireReady),
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
  server.listen(workerPort, host);
  await once(server, 'listening').catch((cause) => {
    throw new ConfigError(
      `The worker cannot listen on ${host}:${workerPort} (${cause.code}). Set HOST and WORKER_PORT.`,
    );
  });
}
