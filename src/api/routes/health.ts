import { z } from 'zod';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { StorageCheck } from '../../queue/storage-check.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { json, problems } from '../openapi/responses.ts';

const health = z.object({ status: z.literal('ok').meta({ description: 'Always `ok`' }) }).meta({ id: 'Health' });
const ok: z.infer<typeof health> = { status: 'ok' };

/** `GET /healthz`: whether the process lives. */
export function livenessRoute(): Route {
  return defineRoute('/healthz', {
    get: {
      operation: {
        operationId: 'isAlive',
        tags: ['Operation'],
        summary: 'Whether the process lives',
        description: 'Needs neither Redis nor the storage, so that an outage of those restarts no process.',
        security: [],
        responses: { 200: json('It does', health, { ok }), ...problems('BAD_REQUEST') },
      },
      handler: (_req, res) => void res.json(ok),
    },
  });
}

/** `GET /readyz`: whether the process can accept uploads, which needs Redis and the storage of the queue. */
export function readinessRoute({
  queue,
  storageCheck,
}: {
  queue: QueueClient;
  storageCheck: Pick<StorageCheck, 'require'>;
}): Route {
  return defineRoute('/readyz', {
    get: {
      operation: {
        operationId: 'isReady',
        tags: ['Operation'],
        summary: 'Whether the service can accept uploads',
        description:
          'Uploads need Redis and the storage of its queue. A load balancer should send no requests to a process that is not ready.',
        security: [],
        responses: {
          200: json('It can', health, { ok }),
          ...problems('BAD_REQUEST', 'QUEUE_UNAVAILABLE', 'STORAGE_UNAVAILABLE'),
        },
      },
      async handler(_req, res) {
        await queue.ping();
        storageCheck.require();
        res.json(ok);
      },
    },
  });
}
