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
    swaggerOptions: { url: '/openapi.json', displayRequestDuration: true },
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
