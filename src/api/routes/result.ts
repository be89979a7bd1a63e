import { z } from 'zod';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { FileStatus } from '../../queue/read-status.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { Storage } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { resultFileName } from '../http/file-names.ts';
import { readQuery } from '../http/query.ts';
import { fileErrors, fileQuery, fileResponses, sendFile } from '../http/send-file.ts';
import { jobParams } from '../openapi/parameters.ts';
import { guardedProblems } from '../openapi/responses.ts';
import { findKeptJob, notReady } from './load-or-404.ts';

const resultQuery = z.strictObject({
  variant: z.string({ error: 'must be given once' }).optional().meta({ description: 'Name of the variant' }),
  ...fileQuery.shape,
});

/** Path of a processed image. A signed link can lead to it. */
export const RESULT_PATH = '/jobs/:jobId/result';

/** `GET /jobs/:jobId/result`: a processed image. */
export function resultRoute({ queue, storage }: { queue: QueueClient; storage: Storage }): Route {
  return defineRoute(RESULT_PATH, {
    get: {
      operation: {
        operationId: 'getResult',
        tags: ['Results'],
        summary: 'The processed image',
        description: 'Without `variant`, the first result of the file. It never changes, so it may be cached.',
        request: { params: jobParams, query: resultQuery },
        responses: {
          ...fileResponses,
          ...guardedProblems(...fileErrors, 'VARIANT_NOT_FOUND', 'JOB_NOT_FINISHED', 'JOB_FAILED'),
        },
      },
      async handler(req, res) {
        const { variant, download } = readQuery(resultQuery, req);
        const job = await findKeptJob(queue, clientOf(res), req.params.jobId);
        const { jobId, payload } = job;
        const { name, format } = chooseOutput(job, variant);
        await sendFile(req, res, {
          file: storage.results.find(jobId, format, name),
          format,
          fileName: resultFileName(payload.originalName, format, name),
          identity: `${jobId}-${name ?? ''}`,
          isDownload: download === '1',
        });
      },
    },
  });
}

/**
 * Finds the result with the name of a variant, or the first one without a name.
 *
 * @throws {ServiceError} `JOB_FAILED`, `JOB_NOT_FINISHED` or `VARIANT_NOT_FOUND`
 */
export function chooseOutput(file: FileStatus, variant: string | undefined): { name?: string; format: string } {
  if (!file.result) throw notReady(file);
  const { outputs: named = [], format } = file.result;
  if (variant === undefined) return named[0] ?? { format };
  const chosen = named.find(({ name }) => name === variant);
  if (chosen) return chosen;
  throw new ServiceError('VARIANT_NOT_FOUND', [variant, named.map(({ name }) => name)]);
}
