import type { QueueClient } from '../../queue/queue-client.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { serviceStatus as example } from '../openapi/examples.ts';
import { guardedProblems, json } from '../openapi/responses.ts';
import { serviceStatus, toServiceStatus } from '../views/service-status.ts';

/** `GET /status`: how busy the service is, and whether workers are connected. */
export function statusRoute({ queue }: { queue: Pick<QueueClient, 'readLoad'> }): Route {
  return defineRoute('/status', {
    get: {
      operation: {
        operationId: 'getStatus',
        tags: ['Operation'],
        summary: 'Connected workers, waiting files and throughput',
        description:
          'Says why a batch does not begin: no worker is connected, or other files wait before it. The values are those of the ' +
          'whole service. The cost does not depend on the number of files.',
        responses: { 200: json('The status of the service', serviceStatus, { busy: example }), ...guardedProblems() },
      },
      async handler(_req, res) {
        res.set('Cache-Control', 'no-store').json(toServiceStatus(await queue.readLoad()));
      },
    },
  });
}
