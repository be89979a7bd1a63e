import { Router } from 'express';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { BatchStatus, FileStatus } from '../../queue/read-status.ts';
import { clientOf } from '../http/authenticate.ts';
import { methodNotAllowed } from '../http/error-handler.ts';
import { type WaitParts, waitAsPreferred } from '../http/prefer.ts';
import { toJobResponse } from '../views/status.ts';
import { findJob, POLL_AFTER_SECONDS } from './load-or-404.ts';

const hasEnded = ({ state }: FileStatus) => state === 'completed' || state === 'failed';

/** `GET /jobs/:jobId`: how far one file is. */
export function jobsRoute({ queue, ...waiting }: WaitParts & { queue: QueueClient }): Router {
  const router = Router();
  const route = router.route('/jobs/:jobId');

  route.get(async (req, res) => {
    const { jobId } = req.params;
    let job = await findJob(queue, clientOf(res), jobId);
    const isWished = ({ files }: BatchStatus) => files.some((file) => file.jobId === jobId && hasEnded(file));
    if (await waitAsPreferred(req, res, waiting, { batchId: job.payload.batchId, isWished })) {
      job = await findJob(queue, clientOf(res), jobId);
    }
    if (!hasEnded(job)) res.set('Retry-After', POLL_AFTER_SECONDS);
    res.set('Cache-Control', 'no-store').json(toJobResponse(job));
  });

  route.all(methodNotAllowed('GET, HEAD'));
  return router;
}
