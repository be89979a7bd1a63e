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
import { findJob, notFinished, POLL_AFTER_SECONDS, requireReadable } from './load-or-404.ts';

const hasEnded = ({ state }: FileStatus) => state === 'completed' || state === 'failed';

/** `GET /jobs/:jobId`: the status of one file. `DELETE`: deletes its original and its results. */
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
    delete: {
      operation: {
        operationId: 'deleteFile',
        tags: ['Processing'],
        summary: 'Delete the original and the results of one file that has ended',
        description:
          'The file stays in its batch, with its state and the facts of its result, and has `deletedAt`. Requests for its result or its ' +
          'original respond 410. If the storage fails, the request can be sent again, and finishes the deletion. It can also be sent ' +
          'again after a success, with the same response.',
        request: { params: jobParams },
        responses: {
          204: { description: 'It is deleted' },
          ...guardedProblems('JOB_NOT_FOUND', 'JOB_NOT_FINISHED', 'BATCH_REMOVED', 'STORAGE_UNAVAILABLE'),
        },
      },
      async handler(req, res) {
        const { jobId } = req.params;
        const client = clientOf(res);
        const { payload } = await findJob(queue, client, jobId);
        const outcome = await requireReadable(payload.batchId, queue.removeFile(jobId));
        // If its batch was deleted meanwhile, the second read throws.
        if (outcome !== 'deleted') throw notFinished(await findJob(queue, client, jobId));
        res.status(204).end();
      },
    },
  });
}
