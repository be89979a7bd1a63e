import express, { type Express, type Response } from 'express';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import { v4 as uuid } from 'uuid';
import type { BatchWatcher } from '../queue/batch-watcher.ts';
import type { QueueClient } from '../queue/queue-client.ts';
import type { Logger } from '../shared/logger.ts';
import type { Originals } from '../storage/originals.ts';
import type { Results } from '../storage/results.ts';
import type { OptionRules } from './form-options.ts';
import { errorHandler, unknownRoute } from './middleware/error-handler.ts';
import type { UploadLimits } from './middleware/upload-limits.ts';
import { createOpenApiDocument } from './openapi.ts';
import { archiveRoute } from './routes/archive.ts';
import { batchesRoute } from './routes/batches.ts';
import { docsRoute } from './routes/docs.ts';
import { eventsRoute } from './routes/events.ts';
import { healthRoute } from './routes/health.ts';
import { jobsRoute } from './routes/jobs.ts';
import { pageRoute } from './routes/page.ts';
import { presetsRoute } from './routes/presets.ts';
import { processImagesRoute } from './routes/process-images.ts';
import { resultsRoute } from './routes/results.ts';

/** What the API is made of. */
export interface AppParts {
  queue: QueueClient;
  watcher: BatchWatcher;
  originals: Originals;
  results: Results;
  limits: UploadLimits;
  optionRules: OptionRules;
  logger: Logger;
}

/** Builds the whole API. It listens nowhere; that is for whoever builds it. */
export function createApp(parts: AppParts): Express {
  const { limits, optionRules, logger } = parts;
  const app = express();
  // Answers that are no pages may load nothing at all; the two pages have policies of their own. Whether there is TLS is not
  // known here, so nothing is said about it.
  const nothing = { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } };
  app.use(helmet({ contentSecurityPolicy: nothing, hsts: false }));
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
      customProps: (_req, res) => (res as Response).locals?.refusal ?? {},
      customLogLevel: (_req, res) => (res.statusCode >= 500 ? 'error' : res.statusCode >= 400 ? 'info' : 'debug'),
    }),
  );

  app.use(processImagesRoute(parts));
  app.use(batchesRoute(parts));
  app.use(eventsRoute(parts));
  app.use(archiveRoute(parts));
  app.use(jobsRoute(parts));
  app.use(resultsRoute(parts));
  app.use(presetsRoute(optionRules));
  app.use(healthRoute(parts));
  app.use(docsRoute(createOpenApiDocument(limits)));
  app.use(pageRoute());

  app.use(unknownRoute);
  app.use(errorHandler);
  return app;
}
