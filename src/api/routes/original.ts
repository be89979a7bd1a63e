import type { QueueClient } from '../../queue/queue-client.ts';
import type { Storage } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { lastPart } from '../http/file-names.ts';
import { readQuery } from '../http/query.ts';
import { fileErrors, fileQuery, fileResponses, sendFile } from '../http/send-file.ts';
import { jobParams } from '../openapi/parameters.ts';
import { guardedProblems } from '../openapi/responses.ts';
import { findJob } from './load-or-404.ts';

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
        request: { params: jobParams, query: fileQuery },
        responses: {
          ...fileResponses,
          ...guardedProblems(...fileErrors),
        },
      },
      async handler(req, res) {
        const { download } = readQuery(fileQuery, req);
        const { jobId, payload } = await findJob(queue, clientOf(res), req.params.jobId);
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
