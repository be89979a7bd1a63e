import type { QueueClient } from '../../queue/queue-client.ts';
import type { BatchStatus, FileStatus } from '../../queue/read-status.ts';
import type { LinkConfig } from '../../shared/config.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { type WaitParts, waitAsPreferred } from '../http/prefer.ts';
import { linksErrors, linksQuery, urlWriter } from '../http/signed-links.ts';
import { jobs } from '../openapi/examples.ts';
import { jobParams, preferHeader } from '../openapi/parameters.ts';
import { guardedProblems, json, whileUnfinished } from '../openapi/responses.ts';
import { jobResponse, toJobResponse } from '../views/status.ts';
import { findJob, POLL_AFTER_SECONDS } from './load-or-404.ts';

const hasEnded = ({ state }: FileStatus) => state === 'completed' || state === 'failed';

/** `GET /jobs/:jobId`: the status of one file. */
export function jobsRoute({ queue, links, ...waiting }: WaitParts & { queue: QueueClient; links: LinkConfig }): Route {
  return defineRoute('/jobs/:jobId', {
    get: {
      operation: {
        operationId: 'getJob',
        tags: ['Status'],
        summary: 'Status of one file',
        description: 'With `Prefer: wait`, responds when the file has ended.',
        request: { params: jobParams, query: linksQuery, headers: [preferHeader] },
        responses: {
          200: json('Status of the file', jobResponse, jobs, { 'Retry-After': whileUnfinished }),
          ...guardedProblems(...linksErrors, 'JOB_NOT_FOUND', 'BATCH_REMOVED'),
        },
      },
      async handler(req, res) {
        const { jobId } = req.params;
        const writeUrl = urlWriter(req, links);
        let job = await findJob(queue, clientOf(res), jobId);
        const condition = ({ files }: BatchStatus) => files.some((file) => file.jobId === jobId && hasEnded(file));
        if (await waitAsPreferred(req, res, waiting, { batchId: job.payload.batchId, condition })) {
          job = await findJob(queue, clientOf(res), jobId);
        }
        if (!hasEnded(job)) res.set('Retry-After', String(POLL_AFTER_SECONDS));
        res.set('Cache-Control', 'no-store').json(toJobResponse(job, writeUrl));
      },
    },
  });
}
