import { Router } from 'express';
import { z } from 'zod';
import type { QueueClient } from '../../queue/queue-client.ts';
import { methodNotAllowed } from '../middleware/error-handler.ts';

/** Answer of `GET /healthz` and `GET /readyz`. */
export const health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });

const ok: z.infer<typeof health> = { status: 'ok' };

/** `GET /healthz`: the process lives. `GET /readyz`: it can do its work, which takes Redis. */
export function healthRoute({ queue }: { queue: QueueClient }): Router {
  const router = Router();

  router
    .route('/healthz')
    .get((_req, res) => void res.json(ok))
    .all(methodNotAllowed('GET, HEAD'));

  router
    .route('/readyz')
    .get(async (_req, res) => {
      await queue.ping();
      res.json(ok);
    })
    .all(methodNotAllowed('GET, HEAD'));

  return router;
}
