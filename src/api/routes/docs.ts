import { Router } from 'express';
import helmet from 'helmet';
import swaggerUi from 'swagger-ui-express';
import { methodNotAllowed, onlyReads, unknownRoute } from '../http/error-handler.ts';

/**
 * `/openapi.json` and Swagger UI at `/docs`.
 *
 * @param document the OpenAPI document
 */
export function docsRoute(document: object): Router {
  const router = Router();

  router
    .route('/openapi.json')
    .get((_req, res) => void res.json(document))
    .all(methodNotAllowed('GET, HEAD'));

  const page = swaggerUi.setup(undefined, {
    customSiteTitle: 'Async image service',
    swaggerOptions: { url: '/openapi.json', displayRequestDuration: true, responseInterceptor: leaveFormsEmpty },
  });
  // Swagger UI brings its style inside the page.
  const policy = helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      frameAncestors: ["'none'"],
    },
  });
  router.use('/docs', onlyReads, (req, res, next) => {
    // Swagger UI refuses this by itself, and not as this service refuses.
    if (req.path === '/package.json') return unknownRoute(req, res, next);
    next();
  });
  router.use('/docs', policy, swaggerUi.serve);
  router.get('/docs', page);

  return router;
}

/** A schema of the document. */
interface FormSchema {
  example?: unknown;
  properties?: Record<string, { type?: string; example?: unknown }>;
}

/**
 * Runs in the browser. Swagger UI fills the fields of a form with examples, or invents them. Empty ones leave the fields empty, which
 * counts as not set.
 */
function leaveFormsEmpty(response: { url: string; text: string }) {
  if (!response.url.endsWith('/openapi.json')) return response;
  const document = JSON.parse(response.text);
  for (const [name, schema] of Object.entries<FormSchema>(document.components.schemas)) {
    if (!name.endsWith('Form')) continue;
    delete schema.example;
    for (const property of Object.values(schema.properties ?? {})) {
      if (property.type !== 'array') property.example = '';
    }
  }
  response.text = JSON.stringify(document);
  return response;
}
