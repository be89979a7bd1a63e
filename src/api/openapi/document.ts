import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { webhookEvent } from '../../queue/webhook-event.ts';
import { version } from '../../shared/version.ts';
import type { Route } from '../http/define-route.ts';
import { nameSchemas } from './name-schemas.ts';

const webhookHeaders = z.object({
  'webhook-id': z.string().meta({ description: 'The same in each attempt' }),
  'webhook-timestamp': z.string().meta({ description: 'Time of the attempt in seconds since 1970' }),
  'webhook-signature': z.string().meta({ description: '`v1,` and a signature for each secret, separated by spaces' }),
});

const tags = [
  { name: 'Processing', description: 'Send images, and cancel, repeat or delete their batches' },
  { name: 'Status', description: 'Find batches, and read or await their status' },
  { name: 'Results', description: 'Download images' },
  { name: 'Operation', description: 'Health and metrics, for the operator' },
];

/** Assembles the OpenAPI 3.1 document from the descriptions of the routes. */
export function createOpenApiDocument(routes: readonly Pick<Route, 'operations'>[]): object {
  const registry = new OpenAPIRegistry();
  for (const { operations } of routes) for (const operation of operations) registry.registerPath(operation);
  registry.registerWebhook({
    method: 'post',
    path: 'batch.ended',
    operationId: 'batchEnded',
    tags: ['Processing'],
    description: 'The service sends it when the last file of a batch has ended. Its body is the same in each attempt.',
    summary: 'A batch has ended; sent to its `webhook` address and signed as Standard Webhooks 1.0.0 describes',
    security: [],
    request: {
      headers: webhookHeaders,
      body: { required: true, content: { 'application/json': { schema: webhookEvent } } },
    },
    responses: {
      '2XX': { description: 'The webhook is delivered' },
      410: { description: 'The receiver wants no further attempts' },
      default: { description: 'The webhook is sent again, after `Retry-After` if there is one' },
    },
  });
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'apiKey', { type: 'apiKey', in: 'header', name: 'X-API-Key' });

  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Async image service',
      version,
      description:
        'Upload images, get a batch id at once, and poll for the outcome. Every error is `application/problem+json` ' +
        '(RFC 9457) with a stable `code`. Besides the errors listed, the service responds to an unknown address with ' +
        '`ROUTE_NOT_FOUND` (404), to a method that a route does not have with `METHOD_NOT_ALLOWED` (405), and to invalid HTTP ' +
        'with `BAD_REQUEST` (400).',
      contact: { name: 'The operator of this service' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    tags,
    servers: [{ url: '/' }],
    // The empty requirement stands for a service without API keys.
    security: [{ bearer: [] }, { apiKey: [] }, {}],
  });
  return nameSchemas(document);
}
