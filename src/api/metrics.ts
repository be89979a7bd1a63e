import type { Socket } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { QueueClient } from '../queue/queue-client.ts';
import { createRegistry, type MetricsPage, readRegistry } from '../shared/metrics.ts';
import { UPLOAD_PATH } from './upload/upload-limits.ts';
import { type ServiceStatus, toServiceStatus } from './views/service-status.ts';

/** The Prometheus metrics of the API. No label contains values that a client can choose. */
export interface ApiMetrics {
  /** Measures every request from its arrival. */
  watchRequests: RequestHandler;
  /** Counts the files of an upload that was accepted. */
  accepted(files: number): void;
  /** All metrics as text: those of all processes of this API. */
  read(): Promise<MetricsPage>;
}

/**
 * Creates the metrics of an API process.
 *
 * @param queue the queue whose load is reported
 */
export function createApiMetrics(queue: QueueClient): ApiMetrics {
  const registry = createRegistry();
  const registers = [registry];
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests by route and status code; "aborted" if the client left before the response',
    labelNames: ['method', 'route', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the arrival of the headers to the end of the response, without event streams and requests with Prefer',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const bytes = new Counter({ name: 'http_received_bytes_total', help: 'Bytes that clients sent', registers });
  const files = new Counter({ name: 'upload_files_accepted_total', help: 'Files that became jobs', registers });
  const refused = new Counter({
    name: 'uploads_refused_total',
    help: 'Refused uploads, by the code of the response; an upload is refused as a whole',
    labelNames: ['reason'],
    registers,
  });
  let reading: Promise<ServiceStatus | undefined> | undefined;
  /** Reads the status once for all gauges of a scrape. */
  const readStatus = () => {
    reading ??= queue
      .readLoad()
      .then(toServiceStatus)
      .catch(() => undefined)
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  /** A gauge of the queue. It has no value if the status has none, since an old value would be mistaken for the current one. */
  const queueGauge = (
    name: string,
    help: string,
    read: (status: ServiceStatus | undefined) => number | null | undefined,
  ) =>
    new Gauge({
      name,
      help,
      registers,
      // All processes of the API report the same queue.
      aggregator: 'max',
      async collect() {
        const value = read(await readStatus());
        if (value == null) this.remove();
        else this.set(value);
      },
    });
  queueGauge('queue_up', '1 if Redis responds', (status) => (status ? 1 : 0));
  queueGauge('queue_waiting_files', 'Files that wait to be processed', (status) => status?.waitingFiles);
  queueGauge('queue_active_files', 'Files that workers hold', (status) => status?.activeFiles);
  queueGauge(
    'queue_workers',
    'Connected worker processes; without a value if their number is unknown',
    (status) => status?.workers,
  );
  queueGauge(
    'queue_oldest_batch_age_seconds',
    'Age of the oldest unfinished batch; 0 if there is none',
    (status) => status && (status.oldestBatchAgeSeconds ?? 0),
  );

  /** Bytes of each connection that have been counted. */
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

    read: () => readRegistry(registry),
  };
}

/** Returns the pattern of the route, never the path, which the client chooses. */
export function routeOf(req: Request): string {
  return typeof req.route?.path === 'string' ? req.route.path : 'other';
}

/** Returns the error code of a response. */
function reasonOf(res: Response): string {
  return res.locals.problemCode ?? 'ABORTED';
}
