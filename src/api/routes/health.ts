import { Router } from 'express';
import { z } from 'zod';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { StorageCheck } from '../../queue/storage-check.ts';
import { methodNotAllowed } from '../http/error-handler.ts';

/** Answer of `GET /healthz` and `GET /readyz`. */
export const health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });

const ok: z.infer<typeof health> = { status: 'ok' };

/** `GET /healthz`: the process lives. `GET /readyz`: it can do its work, which takes Redis and the queue's storage. */
export function healthRoute({
  queue,
  storageCheck,
}: {
  queue: QueueClient;
  storageCheck: Pick<StorageCheck, 'require'>;
}): Router {
  const router = Router();

  router
    .route('/healthz')
    .get((_req, res) => void res.json(ok))
    .all(methodNotAllowed('GET, HEAD'));

  router
    .route('/readyz')
    .get(async (_req, res) => {
      await queue.ping();
      storageCheck.require();
      res.json(ok);
    })
    .all(methodNotAllowed('GET, HEAD'));

  return router;
}
