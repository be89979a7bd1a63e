import type { Socket } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { QueueClient } from '../queue/queue-client.ts';
import { createRegistry, type MetricsPage, readRegistry } from '../shared/metrics.ts';
import { UPLOAD_PATH } from './upload/upload-limits.ts';

/** What the API tells Prometheus. No label has values that a client chooses. */
export interface ApiMetrics {
  /** Watches every request from its arrival on. */
  watchRequests: RequestHandler;
  /** Counts the files of an upload that was accepted. */
  accepted(files: number): void;
  /** All metrics as text. */
  read(): Promise<MetricsPage>;
}

/** @param queue whose backlog is told */
export function createApiMetrics(queue: QueueClient): ApiMetrics {
  const registry = createRegistry();
  const registers = [registry];
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests by route and status code; "aborted" where the client left before its answer',
    labelNames: ['method', 'route', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the arrival of the headers to the end of the answer, without event streams and answers that were asked to wait',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const bytes = new Counter({ name: 'http_received_bytes_total', help: 'Bytes that clients sent', registers });
  const files = new Counter({ name: 'upload_files_accepted_total', help: 'Files that became jobs', registers });
  const refused = new Counter({
    name: 'uploads_refused_total',
    help: 'Uploads of which nothing became a job, by the code of the answer; an upload is refused as a whole',
    labelNames: ['reason'],
    registers,
  });
  const reachable = new Gauge({ name: 'queue_up', help: '1 when Redis answered just now', registers });
  const waiting = new Gauge({ name: 'queue_waiting_files', help: 'Files that wait to be processed', registers });
  const active = new Gauge({ name: 'queue_active_files', help: 'Files that workers hold', registers });
  const oldestAge = new Gauge({
    name: 'queue_oldest_batch_age_seconds',
    help: 'Age of the oldest batch that has not ended; 0 when there is none',
    registers,
  });

  /** While Redis is away nothing is told of the queue: the last figures would pass for present ones. */
  async function lookAtQueue(): Promise<void> {
    const load = await queue.readLoad().catch(() => undefined);
    reachable.set(load ? 1 : 0);
    for (const gauge of [waiting, active, oldestAge]) gauge.remove();
    if (!load) return;
    waiting.set(load.waiting);
    active.set(load.active);
    oldestAge.set(Math.max(0, Date.now() - (load.oldestBatchAt ?? Date.now())) / 1000);
  }

  /** Bytes of each connection that are counted already. */
  const counted = new WeakMap<Socket, number>();

  return {
    watchRequests(req, res, next) {
      const begun = process.hrtime.bigint();
      res.once('close', () => {
        const method = req.method;
        const route = routeOf(req);
        requests.inc({ method, route, code: res.writableFinished ? res.statusCode : 'aborted' });
        const isKept = req.get('Prefer') !== undefined || route.endsWith('/events');
        if (!isKept) seconds.observe({ method, route }, Number(process.hrtime.bigint() - begun) / 1e9);
        bytes.inc(req.socket.bytesRead - (counted.get(req.socket) ?? 0));
        counted.set(req.socket, req.socket.bytesRead);
        if (req.path === UPLOAD_PATH && method === 'POST' && res.statusCode !== 202) {
          refused.inc({ reason: reasonOf(res) });
        }
      });
      next();
    },

    accepted: (count) => files.inc(count),

    async read() {
      await lookAtQueue();
      return readRegistry(registry);
    },
  };
}

/** The pattern of the path, never the path: that is the client's. */
export function routeOf(req: Request): string {
  return typeof req.route?.path === 'string' ? req.route.path : 'other';
}

/** The code of the problem that it was answered with. */
function reasonOf(res: Response): string {
  return res.locals.problemCode ?? 'ABORTED';
}
