import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { readFields } from '../http/read-fields.ts';
import { optionProperties } from '../openapi/image-options.ts';
import { batchParams } from '../openapi/parameters.ts';
import { guardedProblems } from '../openapi/responses.ts';
import { acceptCopy } from '../upload/accept-copy.ts';
import { takeBatchFields } from '../upload/batch-fields.ts';
import { readOptions } from '../upload/read-options.ts';
import { REPROCESS_PATH } from '../upload/upload-limits.ts';
import { type AcceptParts, acceptBatch, acceptedResponse, acceptHeaders, acceptQuery } from './accepted-batch.ts';
import { chooseFiles, filesProperty } from './choose-files.ts';
import { copyErrors, inherit, optionalBody } from './copied-batch.ts';
import { findEndedBatch, findPayloads } from './load-or-404.ts';

/** `POST /batches/:batchId/reprocess`: a new batch of the same files, with other options. */
export function reprocessBatchRoute(parts: AcceptParts): Route {
  const { queue, optionRules, webhooks } = parts;
  return defineRoute(REPROCESS_PATH, {
    post: {
      operation: {
        operationId: 'reprocessBatch',
        tags: ['Processing'],
        summary: 'Make a new batch of all or some files, with other options',
        description:
          'Takes the options of an upload. The new batch has its own originals, and the tags, the metadata and the webhook of this batch unless ' +
          'others are sent.',
        request: {
          params: batchParams,
          query: acceptQuery,
          headers: acceptHeaders,
          body: optionalBody({
            files: filesProperty('positions of the files in the batch, from 0; by default all that were not deleted'),
            ...optionProperties(),
          }),
        },
        responses: { 202: acceptedResponse, ...guardedProblems(...copyErrors) },
      },
      async handler(req, res) {
        const { batchId } = req.params;
        await acceptBatch(req, res, parts, async (claim) => {
          const { rest, ...fields } = takeBatchFields(await readFields(req, res), webhooks);
          const { files: wanted, ...options } = rest;
          const outputs = readOptions(options, optionRules);
          const batch = await findEndedBatch(queue, clientOf(res), batchId);
          const files = await findPayloads(queue, batchId, chooseFiles(batch.files, wanted));
          const copy = { sourceBatchId: batchId, files, outputs, ...inherit(batch, fields) };
          return acceptCopy(req, res, parts, claim, copy);
        });
      },
    },
  });
}
