import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Claim } from '../../queue/idempotency.ts';
import type { StorageCheck } from '../../queue/storage-check.ts';
import { ServiceError } from '../../shared/errors.ts';
import { clientOf } from '../http/authenticate.ts';
import { type WaitParts, waitAsPreferred } from '../http/prefer.ts';
import { linksErrors, linksQuery, urlWriter } from '../http/signed-links.ts';
import type { ApiMetrics } from '../metrics.ts';
import { batches, batchId as exampleId } from '../openapi/examples.ts';
import { preferHeader } from '../openapi/parameters.ts';
import { json, whileUnfinished } from '../openapi/responses.ts';
import type { UploadParts } from '../upload/accept-upload.ts';
import type { EnqueuedBatch } from '../upload/enqueue-batch.ts';
import { idempotencyKey } from '../upload/idempotency-key.ts';
import { batchLinks } from '../views/links.ts';
import { batchResponse, toBatchResponse } from '../views/status.ts';
import { isFinished, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** Dependencies of a route that makes a batch. */
export type AcceptParts = UploadParts &
  WaitParts & { storageCheck: Pick<StorageCheck, 'require'>; metrics: Pick<ApiMetrics, 'accepted'> };

/** Response of a route that makes a batch. It contains the status of the batch if the client sent `Prefer: wait`. */
const acceptedBatch = batchResponse
  .partial()
  .extend({
    batchId: batchResponse.shape.batchId,
    statusUrl: z.string().meta({ description: 'Where to poll for the outcome' }),
    totalFiles: z.int().positive().meta({ description: 'Files of the batch' }),
  })
  .meta({ id: 'AcceptedBatch' });
/** See {@link acceptedBatch}. */
export type AcceptedBatch = z.infer<typeof acceptedBatch>;

/**
 * Makes a batch and responds 202 with its id. Checks first whether the service can store and enqueue it.
 *
 * @param accept makes the batch
 */
export async function acceptBatch(
  req: Request,
  res: Response,
  parts: AcceptParts,
  accept: (claim: Claim | undefined) => Promise<EnqueuedBatch>,
): Promise<void> {
  const { queue, storage, storageCheck, metrics, links } = parts;
  const begunAt = Date.now();
  const key = idempotencyKey(req);
  const writeUrl = urlWriter(req, links);
  // A worker that sends a webhook knows no request, so the host of this one is not enough.
  if (req.query.links !== undefined && links.publicUrl === undefined) {
    throw new ServiceError('LINKS_DISABLED', ['PUBLIC_URL']);
  }
  // Check this before reading the body, which could not be stored or enqueued.
  await Promise.all([queue.checkBacklog(), storage.checkFreeSpace()]);
  // Check this after Redis: the storage cannot be confirmed without it.
  storageCheck.require();
  const claim = key === undefined ? undefined : await queue.claimKey(clientOf(res).owner, key);
  const { batchId, totalFiles, isReplay, receivedBytes } = await accept(claim).finally(() => claim?.release());

  if (!isReplay) metrics.accepted(totalFiles);
  const ms = Date.now() - begunAt;
  req.log.info({ files: totalFiles, bytes: receivedBytes, ms }, isReplay ? 'batch accepted before' : 'batch accepted');

  const statusUrl = batchLinks(batchId).self;
  const accepted: AcceptedBatch = { batchId, statusUrl, totalFiles };
  res.status(202).location(statusUrl);
  if (isReplay) res.set('Idempotent-Replayed', 'true');
  const hasWaited = await waitAsPreferred(req, res, parts, { batchId, condition: isFinished });
  // The upload is accepted, even if Redis fails from here on.
  const status = hasWaited ? (await queue.readBatch(batchId).catch(() => undefined))?.value : undefined;
  if (!status || !isFinished(status)) res.set('Retry-After', String(POLL_AFTER_SECONDS));
  res.json({ ...accepted, ...(status && toBatchResponse(status, writeUrl)) } satisfies AcceptedBatch);
}

const idempotencyHeader = z
  .string()
  .optional()
  .meta({
    description:
      'A string that the client chooses, such as a random UUID. If the client repeats a request with the same key within 24 hours ' +
      '(or within the retention time, if that is shorter), it gets the first response again, and no second batch is made',
    param: { name: 'Idempotency-Key', in: 'header' },
  });

/** Query parameters of a route that makes a batch. */
export const acceptQuery = linksQuery.extend({
  links: linksQuery.shape.links.meta({
    description: '`signed`: the webhook of the batch, and the status in the response, have signed URLs of the results',
  }),
});

/** Request headers of a route that makes a batch. */
export const acceptHeaders = [preferHeader, idempotencyHeader];

const accepted: AcceptedBatch = { batchId: exampleId, statusUrl: batchLinks(exampleId).self, totalFiles: 2 };

/** The successful response of a route that makes a batch, for the OpenAPI document. */
export const acceptedResponse = json(
  'The batch was accepted; with `Prefer: wait`, its status as well',
  acceptedBatch,
  { accepted, waited: { ...accepted, ...batches.completed } },
  {
    Location: { schema: { type: 'string' }, description: 'The status URL' },
    'Retry-After': whileUnfinished,
    'Idempotent-Replayed': {
      schema: { type: 'string' },
      description: '`true`; only while the response repeats an earlier one',
    },
  },
);

/** Errors of every route that makes a batch. */
export const acceptErrors = [
  ...linksErrors,
  'INVALID_OPTION',
  'INVALID_IDEMPOTENCY_KEY',
  'IDEMPOTENCY_KEY_IN_USE',
  'IDEMPOTENCY_KEY_REUSED',
  'BACKLOG_FULL',
  'DISK_LOW',
  'STORAGE_UNAVAILABLE',
  'STORAGE_FULL',
] as const;
