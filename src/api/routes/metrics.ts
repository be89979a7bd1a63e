import { z } from 'zod';
import { defineRoute, type Route } from '../http/define-route.ts';
import type { ApiMetrics } from '../metrics.ts';
import { problems } from '../openapi/responses.ts';

/** `GET /metrics`: the metrics of this API for Prometheus. */
export function metricsRoute(metrics: ApiMetrics): Route {
  return defineRoute('/metrics', {
    get: {
      operation: {
        operationId: 'getMetrics',
        tags: ['Operation'],
        summary: 'Metrics of this API in the text format of Prometheus',
        description:
          'Each host has its own metrics: those of all API processes there. Without Redis, those of the queue are missing.',
        responses: {
          200: {
            description: 'The metrics',
            content: { 'text/plain': { schema: z.string(), examples: { metrics: { value: 'queue_up 1\n' } } } },
          },
          ...problems('UNAUTHORIZED', 'RATE_LIMITED'),
        },
      },
      async handler(_req, res) {
        const { contentType, text } = await metrics.read();
        res.set('Content-Type', contentType).send(text);
      },
    },
  });
}
