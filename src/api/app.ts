import express, { type Express } from 'express';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import { v4 as uuid } from 'uuid';
import type { QueueClient } from '../queue/queue-client.ts';
import type { Logger } from '../shared/logger.ts';
import type { Originals } from '../storage/originals.ts';
import { errorHandler, unknownRoute } from './middleware/error-handler.ts';
import type { UploadLimits } from './middleware/receive-upload.ts';
import { createOpenApiDocument } from './openapi.ts';
import { batchesRoute } from './routes/batches.ts';
import { docsRoute } from './routes/docs.ts';
import { healthRoute } from './routes/health.ts';
import { jobsRoute } from './routes/jobs.ts';
import { processImagesRoute } from './routes/process-images.ts';

/** What the API is made of. */
export interface AppParts {
  queue: QueueClient;
  originals: Originals;
  limits: UploadLimits;
  logger: Logger;
}

/** Builds the whole API. It listens nowhere; that is for whoever builds it. */
export function createApp({ queue, originals, limits, logger }: AppParts): Express {
  const app = express();
  // Only pages of this very service, and plain http must keep working behind no proxy.
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } }, hsts: false }));
  app.use(
    pinoHttp({
      logger,
      genReqId: (_req, res) => {
        const id = uuid();
        res.setHeader('X-Request-Id', id);
        return id;
      },
      // Neither headers nor bodies: they are the client's, and may be secret.
      serializers: {
        req: ({ id, method, url }) => ({ id, method, url }),
        res: ({ statusCode }) => ({ statusCode }),
      },
      customLogLevel: (_req, res) => (res.statusCode >= 500 ? 'error' : res.statusCode >= 400 ? 'info' : 'debug'),
    }),
  );

  app.use(processImagesRoute({ queue, originals, limits }));
  app.use(batchesRoute({ queue }));
  app.use(jobsRoute({ queue }));
  app.use(healthRoute({ queue }));
  app.use(docsRoute(createOpenApiDocument(limits)));

  app.use(unknownRoute);
  app.use(errorHandler);
  return app;
}
