import type { QueueClient } from '../../queue/queue-client.ts';
import type { Storage } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { lastPart } from '../http/file-names.ts';
import { readQuery } from '../http/query.ts';
import { fileErrors, fileQuery, fileResponses, sendFile } from '../http/send-file.ts';
import { jobParams } from '../openapi/parameters.ts';
import { guardedProblems } from '../openapi/responses.ts';
import { findKeptJob, notReady } from './load-or-404.ts';

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
        const file = await findKeptJob(queue, clientOf(res), req.params.jobId);
        const { jobId, payload } = file;
        const { batchId, index, originalName, format, importUrl } = payload;
        // It has not been imported.
        if (importUrl !== undefined && format === undefined) throw notReady(file);
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
