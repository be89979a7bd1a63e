import type { BatchStatus } from '../../queue/read-status.ts';
import { type BatchFields, batchFieldDescriptions } from '../upload/batch-fields.ts';
import { acceptErrors } from './accepted-batch.ts';

/** Errors of every route that makes a batch from another one. */
export const copyErrors = [
  ...acceptErrors,
  'BAD_REQUEST',
  'BODY_TOO_LARGE',
  'BODY_TYPE_UNSUPPORTED',
  'CONTENT_ENCODING_UNSUPPORTED',
  'BATCH_NOT_FOUND',
  'BATCH_NOT_FINISHED',
  'BATCH_REMOVED',
  'FILE_DELETED',
  'FILE_GONE',
] as const;

/** OpenAPI properties of the fields that describe a batch. */
export const describeBatch = Object.fromEntries(
  Object.entries(batchFieldDescriptions).map(([name, description]) => [name, { type: 'string' as const, description }]),
);

/** OpenAPI description of a body that may be JSON or a form, or absent. */
export function optionalBody<Properties extends Record<string, object>>(properties: Properties) {
  const schema = { type: 'object' as const, properties };
  return {
    required: false,
    content: {
      'application/json': { schema },
      'multipart/form-data': { schema },
      'application/x-www-form-urlencoded': { schema },
    },
  };
}

/** The description of a new batch: what the client sent, and otherwise that of the source. */
export function inherit(
  { tags, metadata, webhook, signsLinks }: BatchStatus,
  fields: BatchFields,
): BatchFields & { signsLinks: boolean } {
  return {
    tags: fields.tags.length > 0 ? fields.tags : tags,
    metadata: fields.metadata ?? metadata,
    webhook: fields.webhook ?? webhook,
    // Another receiver gets no links that the client has not asked for.
    signsLinks: fields.webhook === undefined && signsLinks,
  };
}
