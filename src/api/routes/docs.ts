import compression from 'compression';
import { Router } from 'express';
import helmet from 'helmet';
import swaggerUi from 'swagger-ui-express';
import { methodNotAllowed, onlyReads, unknownRoute } from '../http/error-handler.ts';

/**
 * `/openapi.json` and Swagger UI at `/docs`.
 *
 * @param createDocument creates the OpenAPI document. It is called at the first request, so that the API starts sooner.
 */
export function docsRoute(createDocument: () => object): Router {
  const router = Router();
  let document: object | undefined;

  // Swagger UI has 1.5 MB.
  router.use(['/openapi.json', '/docs'], compression());
  router
    .route('/openapi.json')
    .get((_req, res) => {
      document ??= createDocument();
      res.json(document);
    })
    .all(methodNotAllowed('GET, HEAD'));

  const page = swaggerUi.setup(undefined, {
    customSiteTitle: 'Async image service',
    swaggerOptions: {
      url: '/openapi.json',
      displayRequestDuration: true,
      responseInterceptor: leaveFieldsEmpty,
      plugins: [fitForms],
    },
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

// The functions below run in the browser, as the text that they have here. They cannot use anything outside of themselves.

/** The parts of the document that {@link leaveFieldsEmpty} changes. */
interface Document {
  components: { schemas: Record<string, FormSchema> };
  paths: Record<string, Record<string, { parameters?: { example?: unknown; schema: { type?: string } }[] }>>;
}
interface FormSchema {
  example?: unknown;
  properties?: Record<string, { type?: string; example?: unknown }>;
}

/** Swagger UI fills fields with examples, or invents them. Empty examples leave the fields empty, which counts as not set. */
function leaveFieldsEmpty(response: { url: string; text: string }) {
  if (!response.url.endsWith('/openapi.json')) return response;
  const document: Document = JSON.parse(response.text);
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    if (!name.endsWith('Form')) continue;
    delete schema.example;
    for (const property of Object.values(schema.properties ?? {})) {
      if (property.type !== 'array') property.example = '';
    }
  }
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    for (const parameter of operation.parameters ?? []) {
      if (parameter.schema.type === 'object') parameter.example = {};
    }
  }
  response.text = JSON.stringify(document);
  return response;
}

/** A schema in Swagger UI, as a map of Immutable.js. */
interface SchemaMap {
  get(name: string): unknown;
}
type TypeLabel = (schema?: SchemaMap) => string;

/**
 * A plugin of Swagger UI. It removes "Send empty value", which is ticked for every field (swagger-ui #6505), since an empty field counts
 * as not set. It names files "file" instead of "string".
 */
function fitForms() {
  return {
    afterLoad(this: { fn: { getSchemaObjectTypeLabel: TypeLabel } }) {
      const labelOf = this.fn.getSchemaObjectTypeLabel;
      this.fn.getSchemaObjectTypeLabel = (schema) => {
        const items = (schema?.get('items') ?? schema) as SchemaMap | undefined;
        const label = labelOf(schema);
        return items?.get('format') === 'binary' ? label.replace('string', 'file') : label;
      };
    },
    // A method, because tsx calls a helper of its own where an arrow function gets a name.
    wrapComponents: {
      ParameterIncludeEmpty() {
        return () => null;
      },
    },
  };
}
