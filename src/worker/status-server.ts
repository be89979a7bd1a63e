import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { RedisConnection } from '../queue/connection.ts';
import { createGuard } from '../queue/guard.ts';
import { ConfigError } from '../shared/config.ts';
import type { WorkerMetrics } from './metrics.ts';

/**
 * Starts what tells those who watch over the worker how it is: `GET /metrics`, `/healthz` (the process lives) and `/readyz`
 * (it reaches Redis). It tells nothing of what is processed.
 *
 * @param redis any connection of the worker
 * @throws {ConfigError} when it cannot listen there
 */
export async function startStatusServer({
  host,
  port,
  metrics,
  redis,
}: {
  host: string;
  port: number;
  metrics: WorkerMetrics;
  redis: RedisConnection;
}): Promise<Server> {
  const guard = createGuard(redis);
  const json = (text: object, status = 200) => ({ status, type: 'application/json', text: JSON.stringify(text) });
  const answers: Record<string, () => Promise<{ status: number; type: string; text: string }>> = {
    async '/metrics'() {
      const { contentType, text } = await metrics.read();
      return { status: 200, type: contentType, text };
    },
    '/healthz': async () => json({ status: 'ok' }),
    async '/readyz'() {
      const isReady = await guard(() => redis.ping()).catch(() => false);
      return isReady ? json({ status: 'ok' }) : json({ status: 'unavailable', detail: 'Redis does not answer' }, 503);
    },
  };
  const nothing = async () => json({ detail: `Here are ${Object.keys(answers).join(', ')}.` }, 404);

  const server = createServer(async ({ method = '', url = '' }, res) => {
    const isRead = method === 'GET' || method === 'HEAD';
    const path = url.split('?')[0] ?? '';
    const answer = isRead && Object.hasOwn(answers, path) ? (answers[path] ?? nothing) : nothing;
    const { status, type, text } = await answer();
    res.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
    res.end(method === 'HEAD' ? undefined : text);
  });
  server.listen(port, host);
  await once(server, 'listening').catch((cause) => {
    throw new ConfigError(
      `The worker cannot tell its status on ${host}:${port} (${cause.code}). Set HOST and WORKER_PORT.`,
    );
  });
  return server;
}
