import express, { type Express, type RequestHandler, type Response, type Router } from 'express';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import type { BatchWatcher } from '../queue/batch-watcher.ts';
import { serviceKeys } from '../queue/keys.ts';
import type { QueueClient } from '../queue/queue-client.ts';
import type { StorageCheck } from '../queue/storage-check.ts';
import type { Config, ImportConfig, LinkConfig, WebhookConfig } from '../shared/config.ts';
import type { Logger } from '../shared/logger.ts';
import type { Storage } from '../storage/storage.ts';
import { identifyClient, requireKey } from './http/authenticate.ts';
import { allowOrigins } from './http/cors.ts';
import type { Route } from './http/define-route.ts';
import { errorHandler, unknownRoute } from './http/error-handler.ts';
import { createHeldRequests } from './http/held-requests.ts';
import { requireOneHost } from './http/host-header.ts';
import { limitRate } from './http/rate-limit.ts';
import { requestId } from './http/request-id.ts';
import { acceptLink } from './http/signed-links.ts';
import { type ApiMetrics, createApiMetrics } from './metrics.ts';
import { createOpenApiDocument } from './openapi/document.ts';
import { archiveRoute } from './routes/archive.ts';
import { batchesRoute } from './routes/batches.ts';
import { cancelBatchRoute } from './routes/cancel-batch.ts';
import { docsRoute } from './routes/docs.ts';
import { eventsRoute } from './routes/events.ts';
import { livenessRoute, readinessRoute } from './routes/health.ts';
import { jobsRoute } from './routes/jobs.ts';
import { linksRoute } from './routes/links.ts';
import { listBatchesRoute } from './routes/list-batches.ts';
import { metricsRoute } from './routes/metrics.ts';
import { ORIGINAL_PATH, originalRoute } from './routes/original.ts';
import { pageRoute } from './routes/page.ts';
import { presetsRoute } from './routes/presets.ts';
import { processImagesRoute } from './routes/process-images.ts';
import { reprocessBatchRoute } from './routes/reprocess-batch.ts';
import { RESULT_PATH, resultRoute } from './routes/result.ts';
import { retryBatchRoute } from './routes/retry-batch.ts';
import { statusRoute } from './routes/status.ts';
import { redeliverRoute, webhooksRoute } from './routes/webhooks.ts';
import type { OptionRules } from './upload/read-options.ts';
import { REPROCESS_PATH, RETRY_PATH, UPLOAD_PATH, type UploadLimits } from './upload/upload-limits.ts';

/** The parts of the API. */
export interface AppParts {
  queue: QueueClient;
  watcher: BatchWatcher;
  storage: Storage;
  storageCheck: Pick<StorageCheck, 'require'>;
  limits: UploadLimits;
  access: AccessRules;
  optionRules: OptionRules;
  webhooks: WebhookConfig;
  links: LinkConfig;
  imports: ImportConfig;
  reusesResults: boolean;
  /** Traces every request. */
  traceRequests?: RequestHandler | undefined;
  /** Pages for the operator. */
  admin?: Router | undefined;
  logger: Logger;
}

/** Settings of authentication and limits. */
export type AccessRules = Pick<
  Config,
  'apiKeys' | 'rateLimits' | 'maxHeldRequests' | 'trustedProxies' | 'corsOrigins' | 'queuePrefix'
>;

/** Creates every route that the OpenAPI document describes. `open` routes require no key. */
export function createRoutes(parts: AppParts & { metrics: ApiMetrics }): { open: Route[]; guarded: Route[] } {
  const waiting = { watcher: parts.watcher, heldRequests: createHeldRequests(parts.access.maxHeldRequests) };
  return {
    open: [livenessRoute(), readinessRoute(parts)],
    guarded: [
      processImagesRoute({ ...parts, ...waiting }),
      listBatchesRoute(parts),
      batchesRoute({ ...parts, ...waiting }),
      cancelBatchRoute(parts),
      retryBatchRoute({ ...parts, ...waiting }),
      reprocessBatchRoute({ ...parts, ...waiting }),
      eventsRoute({ ...parts, ...waiting }),
      webhooksRoute(parts),
      redeliverRoute(parts),
      archiveRoute(parts),
      jobsRoute({ ...parts, ...waiting }),
      resultRoute(parts),
      originalRoute(parts),
      linksRoute(parts),
      presetsRoute(parts),
      statusRoute(parts),
      metricsRoute(parts.metrics),
    ],
  };
}

/** Builds the API. The caller makes it listen. */
export function createApp(parts: AppParts): Express {
  const { queue, logger } = parts;
  const { apiKeys, rateLimits, trustedProxies, corsOrigins, queuePrefix } = parts.access;
  const app = express();
  app.set('trust proxy', trustedProxies);
  const metrics = createApiMetrics(queue);
  app.use(metrics.watchRequests);
  if (parts.traceRequests) app.use(parts.traceRequests);
  // Responses other than pages may load nothing. The pages set their own policies. A proxy that ends TLS sets HSTS.
  const nothing = { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } };
  app.use(helmet({ contentSecurityPolicy: nothing, hsts: false }));
  app.use(
    pinoHttp({
      logger,
      genReqId: (req, res) => {
        const id = requestId(req);
        res.setHeader('X-Request-Id', id);
        return id;
      },
      // No headers, bodies or query strings: they may hold secrets of the client.
      serializers: {
        req: ({ id, method, raw }) => ({ id, method, url: raw.path }),
        res: ({ statusCode }) => ({ statusCode }),
      },
      customProps: (_req, res) => (res as Response).locals?.refusal ?? {},
      customLogLevel: (_req, res) => (res.statusCode >= 500 ? 'error' : res.statusCode >= 400 ? 'info' : 'debug'),
    }),
  );

  app.use(requireOneHost);
  if (corsOrigins.length > 0) app.use(allowOrigins(corsOrigins));

  const { open, guarded } = createRoutes({ ...parts, metrics });
  for (const { router } of open) app.use(router);
  app.use(docsRoute(() => createOpenApiDocument([...guarded, ...open])));
  app.use(pageRoute());

  const limit = { prefix: serviceKeys(queuePrefix).rate, send: queue.sendCommand, logger };
  app.use(identifyClient(apiKeys));
  app.use(limitRate({ ...limit, what: 'requests', perMinute: rateLimits.requests }));
  // Bull Board has a password of its own.
  if (parts.admin) app.use(parts.admin);
  app.get([RESULT_PATH, ORIGINAL_PATH], acceptLink(parts.links.secrets));
  app.use(requireKey(apiKeys));
  app.post(
    [UPLOAD_PATH, RETRY_PATH, REPROCESS_PATH],
    limitRate({ ...limit, what: 'uploads', perMinute: rateLimits.uploads }),
  );

  for (const { router } of guarded) app.use(router);

  app.use(unknownRoute);
  app.use(errorHandler);
  return app;
}
