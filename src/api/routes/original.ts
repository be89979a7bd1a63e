import type { QueueClient } from '../../queue/queue-client.ts';
import type { FileStatus } from '../../queue/read-status.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { Storage } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { lastPart } from '../http/file-names.ts';
import { readQuery } from '../http/query.ts';
import { fileErrors, fileQuery, fileResponses, sendFile } from '../http/send-file.ts';
import { jobParams } from '../openapi/parameters.ts';
import { guardedProblems } from '../openapi/responses.ts';
import { jobLinks } from '../views/links.ts';
import { findJob, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** Path of an uploaded file. A signed link can lead to it. */
export const ORIGINAL_PATH = '/jobs/:jobId/original';

/** `GET /jobs/:jobId/original`: the file as the client uploaded it. */
export function originalRoute({ queue, storage }: { queue: QueueClient; storage: Storage }): Route {
  return defineRoute(ORIGINAL_PATH, {
    get: {
      operation: {
        operationId: 'getOriginal',
        tags: ['Results'],
        summary: 'The file as it was uploaded',
        description:
          'Original files are kept as long as their batch. A file that is imported by URL can be read once it was downloaded.',
        request: { params: jobParams, query: fileQuery },
        responses: {
          ...fileResponses,
          ...guardedProblems(...fileErrors, 'JOB_NOT_FINISHED', 'JOB_FAILED'),
        },
      },
      async handler(req, res) {
        const { download } = readQuery(fileQuery, req);
        const file = await findJob(queue, clientOf(res), req.params.jobId);
        requireOriginal(file);
        const { jobId, payload } = file;
        const { batchId, index, originalName, format } = payload;
        await sendFile(req, res, {
          file: storage.originals.find(batchId, index),
          format,
          fileName: lastPart(originalName),
          identity: `${jobId}-original`,
          isDownload: download === '1',
        });
      },
    },
  });
}

/** @throws {ServiceError} `JOB_FAILED` or `JOB_NOT_FINISHED` if the file has not been imported */
function requireOriginal({ payload, state, failure }: FileStatus): void {
  const { batchId, index, format, importUrl } = payload;
  if (importUrl === undefined || format !== undefined) return;
  if (failure) throw new ServiceError('JOB_FAILED', [failure.message]);
  const url = jobLinks(batchId, index).self;
  throw new ServiceError('JOB_NOT_FINISHED', [state, url], { retryAfterSeconds: POLL_AFTER_SECONDS });
}
