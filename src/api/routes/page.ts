import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import compression from 'compression';
import express, { Router } from 'express';
import helmet from 'helmet';
import { projectRoot } from '../../shared/setting-types.ts';
import { methodNotAllowed } from '../http/error-handler.ts';

/** The page has no build step, so it is always served from the sources. */
const folder = join(projectRoot, 'src/api/page');

/** Serves the web page at `/`, and its files at `/page/`. The page uses only the public API. */
export function pageRoute(): Router {
  const router = Router();
  const policy = helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      // Previews of chosen files, and placeholders.
      imgSrc: ["'self'", 'blob:', 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  });
  router
    .route('/')
    .get(policy, compression(), (_req, res) => res.sendFile(join(folder, 'index.html')))
    .all(methodNotAllowed('GET, HEAD'));

  router.use('/page', compression());
  const { resolve } = createRequire(import.meta.url);
  const libraries = {
    'thumbhash.js': join(dirname(resolve('thumbhash')), 'thumbhash.js'),
    'idb-keyval.js': join(dirname(resolve('idb-keyval')), 'index.js'),
  };
  for (const [name, file] of Object.entries(libraries)) {
    router.get(`/page/${name}`, (_req, res) => res.sendFile(file));
  }
  router.use('/page', express.static(folder, { index: false }));
  return router;
}
