import { ServiceError } from '../../shared/errors.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { readFields } from '../http/read-fields.ts';
import { batchParams } from '../openapi/parameters.ts';
import { guardedProblems } from '../openapi/responses.ts';
import { acceptCopy } from '../upload/accept-copy.ts';
import { takeBatchFields } from '../upload/batch-fields.ts';
import { RETRY_PATH } from '../upload/upload-limits.ts';
import { type AcceptParts, acceptBatch, acceptedResponse, acceptHeaders, acceptQuery } from './accepted-batch.ts';
import { chooseFailedFiles, filesProperty } from './choose-files.ts';
import { copyErrors, describeBatch, inherit, optionalBody } from './copied-batch.ts';
import { findEndedBatch, findPayloads } from './load-or-404.ts';

/** `POST /batches/:batchId/retry`: a new batch of the files that failed, with the same options. */
export function retryBatchRoute(parts: AcceptParts): Route {
  const { queue, webhooks } = parts;
  return defineRoute(RETRY_PATH, {
    post: {
      operation: {
        operationId: 'retryBatch',
        tags: ['Processing'],
        summary: 'Make a new batch of all or some files that failed, with the same options',
        description:
          'The new batch has its own originals, and the tags, the metadata and the webhook of this batch unless others are sent.',
        request: {
          params: batchParams,
          query: acceptQuery,
          headers: acceptHeaders,
          body: optionalBody({
            files: filesProperty(
              'positions of failed files in the batch, from 0; by default all that were not deleted',
            ),
            ...describeBatch,
          }),
        },
        responses: { 202: acceptedResponse, ...guardedProblems(...copyErrors, 'NOTHING_FAILED') },
      },
      async handler(req, res) {
        const { batchId } = req.params;
        await acceptBatch(req, res, parts, async (claim) => {
          const { rest, ...fields } = takeBatchFields(await readFields(req, res), webhooks);
          const { files: wanted, ...options } = rest;
          const [unknown] = Object.keys(options);
          if (unknown !== undefined) {
            throw new ServiceError('INVALID_OPTION', [
              [`${unknown} cannot be set: a retry has the options of its batch (use reprocess for others)`],
            ]);
          }
          const batch = await findEndedBatch(queue, clientOf(res), batchId);
          const files = await findPayloads(queue, batchId, chooseFailedFiles(batch.files, wanted));
          // All files of a batch have the same options.
          const outputs = files[0]?.outputs ?? [];
          const copy = { sourceBatchId: batchId, files, outputs, ...inherit(batch, fields) };
          return acceptCopy(req, res, parts, claim, copy);
        });
      },
    },
  });
}
