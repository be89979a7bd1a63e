import { Router } from 'express';
import swaggerUi from 'swagger-ui-express';
import { methodNotAllowed } from '../middleware/error-handler.ts';

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
  router.use('/docs', swaggerUi.serve);
  router.route('/docs').get(page).all(methodNotAllowed('GET, HEAD'));

  return router;
}
