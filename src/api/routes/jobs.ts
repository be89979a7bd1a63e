import { Router } from 'express';
import { isImageJobId } from '../../queue/names.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import { ServiceError } from '../../shared/errors.ts';
import { methodNotAllowed } from '../middleware/error-handler.ts';
import { POLL_AFTER_SECONDS } from './polling.ts';

/** `GET /jobs/:jobId`: how far one file is. */
export function jobsRoute({ queue }: { queue: QueueClient }): Router {
  const router = Router();
  const route = router.route('/jobs/:jobId');

  route.get(async (req, res) => {
    const { jobId } = req.params;
    const job = isImageJobId(jobId) ? await queue.readJob(jobId) : undefined;
    if (!job) throw new ServiceError('JOB_NOT_FOUND', `There is no job ${JSON.stringify(jobId)}. Check the id.`);
    if (job.state === 'waiting' || job.state === 'active') res.set('Retry-After', POLL_AFTER_SECONDS);
    res.set('Cache-Control', 'no-store').json(job);
  });

  route.all(methodNotAllowed('GET, HEAD'));
  return router;
}
