import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { type RequestHandler, Router } from 'express';
import { methodNotAllowed } from './error-handler.ts';

/** A path of the API: what serves it, and how the OpenAPI document describes it. */
export interface Route {
  router: Router;
  operations: RouteConfig[];
}

/** Parameters of a path, by name. */
type PathParameters<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & PathParameters<Rest>
  : Path extends `${string}:${infer Name}`
    ? Record<Name, string>
    : Record<never, string>;

/** One method of a path. */
interface Endpoint<Path extends string> {
  /** Its OpenAPI description. */
  operation: Omit<RouteConfig, 'method' | 'path'>;
  handler: RequestHandler<PathParameters<Path>>;
}

/**
 * Defines what the API does at a path. Responds 405 to every other method; `HEAD` goes with `GET`.
 *
 * @param path with parameters as Express writes them, such as `/batches/:batchId`
 */
export function defineRoute<const Path extends string>(
  path: Path,
  methods: Partial<Record<'get' | 'post' | 'delete', Endpoint<Path>>>,
): Route {
  const router = Router();
  const route = router.route(path as string);
  const operations: RouteConfig[] = [];
  for (const [method, { operation, handler }] of Object.entries(methods)) {
    route[method as keyof typeof methods](handler as unknown as RequestHandler);
    const documented = path.replace(/:(\w+)/g, '{$1}');
    operations.push({ ...operation, method: method as keyof typeof methods, path: documented });
  }
  const allowed = Object.keys(methods).map((method) => (method === 'get' ? 'GET, HEAD' : method.toUpperCase()));
  route.all(methodNotAllowed(allowed.join(', ')));
  return { router, operations };
}
