import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { imageOptions, MAX_VARIANTS } from '../../imaging/options.ts';
import type { StorageCheck } from '../../queue/storage-check.ts';
import { clientOf } from '../http/authenticate.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { type WaitParts, waitAsPreferred } from '../http/prefer.ts';
import type { ApiMetrics } from '../metrics.ts';
import { batches, batchId as exampleId } from '../openapi/examples.ts';
import { preferHeader } from '../openapi/parameters.ts';
import { binary, guardedProblems, json, whileUnfinished } from '../openapi/responses.ts';
import { acceptUpload, type UploadParts } from '../upload/accept-upload.ts';
import { batchFieldDescriptions } from '../upload/batch-fields.ts';
import { idempotencyKey } from '../upload/idempotency-key.ts';
import { checkUploadHeaders } from '../upload/receive-upload.ts';
import { FILES_FIELD, maxRequestBytes, UPLOAD_PATH, type UploadLimits } from '../upload/upload-limits.ts';
import { batchLinks } from '../views/links.ts';
import { batchResponse, toBatchResponse } from '../views/status.ts';
import { isFinished, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** Response to an accepted upload. It contains the status of the batch if the client sent `Prefer: wait`. */
const acceptedBatch = batchResponse
  .partial()
  .extend({
    batchId: z.uuidv4(),
    statusUrl: z.string().meta({ description: 'Where to poll for the outcome' }),
    totalFiles: z.int().positive(),
  })
  .meta({ id: 'AcceptedBatch' });
/** See {@link acceptedBatch}. */
export type AcceptedBatch = z.infer<typeof acceptedBatch>;

/** `POST /process-images`: accepts an upload whole or not at all. */
export function processImagesRoute(
  parts: UploadParts &
    WaitParts & { storageCheck: Pick<StorageCheck, 'require'>; metrics: Pick<ApiMetrics, 'accepted'> },
): Route {
  const { queue, storage, storageCheck, limits, metrics } = parts;
  return defineRoute(UPLOAD_PATH, {
    post: {
      operation: uploadOperation(limits),
      async handler(req, res) {
        checkUploadHeaders(req, limits);
        const key = idempotencyKey(req);
        // Check this before reading the body, which could not be stored or enqueued.
        await Promise.all([queue.checkBacklog(), storage.checkFreeSpace()]);
        // Check this after Redis: the storage cannot be confirmed without it.
        storageCheck.require();
        const claim = key === undefined ? undefined : await queue.claimKey(clientOf(res).owner, key);
        const { batchId, totalFiles, isReplay } = await acceptUpload(req, res, parts, claim).finally(() =>
          claim?.release(),
        );

        if (!isReplay) metrics.accepted(totalFiles);

        const statusUrl = batchLinks(batchId).self;
        const accepted: AcceptedBatch = { batchId, statusUrl, totalFiles };
        res.status(202).location(statusUrl);
        if (isReplay) res.set('Idempotent-Replayed', 'true');
        const hasWaited = await waitAsPreferred(req, res, parts, { batchId, condition: isFinished });
        // The upload is accepted, even if Redis fails from here on.
        const status = hasWaited ? (await queue.readBatch(batchId).catch(() => undefined))?.value : undefined;
        if (!status || !isFinished(status)) res.set('Retry-After', String(POLL_AFTER_SECONDS));
        res.json({ ...accepted, ...(status && toBatchResponse(status)) } satisfies AcceptedBatch);
      },
    },
  });
}

const idempotencyHeader = z
  .string()
  .optional()
  .meta({
    description:
      'A string that the client chooses, such as a random UUID. If the client repeats an upload with the same key within 24 hours ' +
      '(or within the retention time, if that is shorter), it gets the first response again, and no second batch is made',
    param: { name: 'Idempotency-Key', in: 'header' },
  });

/** The form of an upload, its options taken from the schema that checks them. */
function uploadForm(limits: UploadLimits) {
  const { properties = {} } = z.toJSONSchema(imageOptions, { target: 'draft-2020-12', io: 'output' });
  // Swagger UI fills in an example or invents one. An empty one leaves the field empty, which counts as not set.
  const unset = { example: '' };
  const options = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, { ...(schema as { type: 'string' }), ...unset }]),
  );
  return {
    type: 'object' as const,
    required: [FILES_FIELD],
    properties: {
      [FILES_FIELD]: { type: 'array' as const, items: binary, minItems: 1, maxItems: limits.maxFiles },
      ...options,
      variants: {
        type: 'string' as const,
        description:
          `JSON array of up to ${MAX_VARIANTS} sets of these options, each with a \`name\`: several results of each file. ` +
          'Options beside it apply to each variant that does not set them itself.',
        ...unset,
      },
      ...Object.fromEntries(
        Object.entries(batchFieldDescriptions).map(([name, description]) => [
          name,
          { type: 'string' as const, description, ...unset },
        ]),
      ),
      preset: { type: 'string' as const, description: 'a named set of options; see `GET /presets`', ...unset },
    },
  };
}

function uploadOperation(limits: UploadLimits): Omit<RouteConfig, 'method' | 'path'> {
  const accepted: AcceptedBatch = { batchId: exampleId, statusUrl: batchLinks(exampleId).self, totalFiles: 2 };
  return {
    operationId: 'processImages',
    tags: ['Processing'],
    summary: 'Upload images to be processed',
    description:
      `Accepts 1 to ${limits.maxFiles} files of at most ${limits.maxFileBytes} bytes each ` +
      `(${limits.acceptedFormats.join(', ')}; at most ${maxRequestBytes(limits)} bytes in all), and responds at once with ` +
      'the id of their batch. An upload is accepted whole or not at all. Without options each image is turned upright, put ' +
      'on white, resized to 512 pixels in width, converted to greyscale and stored as a JPEG of quality 80, without metadata.',
    request: {
      headers: [preferHeader, idempotencyHeader],
      body: { required: true, content: { 'multipart/form-data': { schema: uploadForm(limits) } } },
    },
    responses: {
      202: json(
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
      ),
      ...guardedProblems(
        'FILE_REQUIRED',
        'UNEXPECTED_FIELD',
        'TOO_MANY_FILES',
        'EMPTY_FILE',
        'MALFORMED_MULTIPART',
        'INVALID_OPTION',
        'INVALID_IDEMPOTENCY_KEY',
        'IDEMPOTENCY_KEY_IN_USE',
        'REQUEST_TIMEOUT',
        'FILE_TOO_LARGE',
        'REQUEST_TOO_LARGE',
        'MULTIPART_REQUIRED',
        'UNSUPPORTED_IMAGE_TYPE',
        'CONTENT_ENCODING_UNSUPPORTED',
        'IDEMPOTENCY_KEY_REUSED',
        'BACKLOG_FULL',
        'DISK_LOW',
        'STORAGE_UNAVAILABLE',
        'STORAGE_FULL',
      ),
    },
  };
}
