import { z } from 'zod';
import { ServiceError } from '../../shared/errors.ts';
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
            files: {
              type: 'array' as const,
              items: { type: 'integer' as const, minimum: 0 },
              description: 'positions of the files in the batch, from 0; all by default',
            },
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
          const files = await findPayloads(queue, batchId, readIndexes(wanted, batch.files.length));
          const copy = { sourceBatchId: batchId, files, outputs, ...inherit(batch, fields) };
          return acceptCopy(req, res, parts, claim, copy);
        });
      },
    },
  });
}

/**
 * Reads the positions of the files to process: a JSON array, or in a form a list such as `0,2`.
 *
 * @throws {ServiceError} `INVALID_OPTION`
 */
function readIndexes(given: unknown, count: number): number[] {
  const all = [...Array(count).keys()];
  if (given === undefined || given === '') return all;
  const toPosition = (text: string) => (/^\s*\d{1,9}\s*$/.test(text) ? Number(text) : text);
  const list =
    typeof given === 'string'
      ? given
          .replace(/^\[|\]$/g, '')
          .split(',')
          .map(toPosition)
      : given;
  const parsed = z
    .array(
      z
        .int()
        .min(0)
        .max(count - 1),
    )
    .nonempty()
    .safeParse(list);
  if (parsed.success && new Set(parsed.data).size === parsed.data.length) return parsed.data;
  const problem = `files must be a list of different positions from 0 to ${count - 1}, such as [0, 2]`;
  throw new ServiceError('INVALID_OPTION', [[problem]]);
}
