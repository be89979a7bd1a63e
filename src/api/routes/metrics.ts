import { Router } from 'express';
import { methodNotAllowed } from '../http/error-handler.ts';
import type { ApiMetrics } from '../metrics.ts';

/** `GET /metrics`: what Prometheus reads. */
export function metricsRoute(metrics: ApiMetrics): Router {
  const router = Router();
  router
    .route('/metrics')
    .get(async (_req, res) => {
      const { contentType, text } = await metrics.read();
      res.set('Content-Type', contentType).send(text);
    })
    .all(methodNotAllowed('GET, HEAD'));
  return router;
}
