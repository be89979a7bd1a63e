import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { imageOptions, MAX_VARIANTS } from '../../imaging/options.ts';
import { version } from '../../shared/version.ts';
import { health } from '../routes/health.ts';
import { presetList } from '../routes/presets.ts';
import { acceptedBatch } from '../routes/process-images.ts';
import { originalQuery, resultQuery } from '../routes/results.ts';
import { FILES_FIELD, maxRequestBytes, type UploadLimits } from '../upload/upload-limits.ts';
import { batchResponse, jobResponse } from '../views/status.ts';
import * as examples from './examples.ts';
import { guardedProblems, idempotencyHeader, json, preferHeader, problems, whileUnfinished } from './responses.ts';

/**
 * Makes the OpenAPI 3.1 document from the schemas that validate.
 *
 * @param limits the bounds of an upload, as this service has them
 */
export function createOpenApiDocument(limits: UploadLimits): object {
  const registry = new OpenAPIRegistry();
  const binary = { type: 'string', format: 'binary', contentMediaType: 'application/octet-stream' } as const;
  const { properties = {} } = z.toJSONSchema(imageOptions, { target: 'draft-2020-12', io: 'output' });
  // Swagger UI fills in an example, or makes one up; this one makes it leave the field empty, which counts as not set.
  const unset = { example: '' };
  const options = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, { ...(schema as { type: 'string' }), ...unset }]),
  );
  const upload = {
    type: 'object' as const,
    required: [FILES_FIELD],
    properties: {
      [FILES_FIELD]: { type: 'array' as const, items: binary, minItems: 1, maxItems: limits.maxFiles },
      ...options,
      variants: {
        type: 'string' as const,
        description:
          `JSON array of up to ${MAX_VARIANTS} sets of these options, each with a \`name\`: several results of each file. ` +
          'Options beside it hold for each variant that does not set them itself.',
        ...unset,
      },
      preset: { type: 'string' as const, description: 'a named set of options; see `GET /presets`', ...unset },
    },
  };

  registry.registerPath({
    method: 'post',
    path: '/process-images',
    operationId: 'processImages',
    tags: ['Processing'],
    summary: 'Upload images to be processed',
    description:
      `Takes 1 to ${limits.maxFiles} files of at most ${limits.maxFileBytes} bytes each ` +
      `(${limits.acceptedFormats.join(', ')}; at most ${maxRequestBytes(limits)} bytes in all), and answers at once with ` +
      'the id of their batch. An upload is taken whole or not at all. Without options each image is turned upright, put on ' +
      'white, resized to 512 pixels in width, turned grey and stored as a JPEG of quality 80, without metadata.',
    request: {
      headers: [preferHeader, idempotencyHeader],
      body: {
        required: true,
        content: {
          'multipart/form-data': { schema: upload },
        },
      },
    },
    responses: {
      202: json(
        'The batch was accepted; with `Prefer: wait`, its status as well',
        acceptedBatch,
        { accepted: examples.accepted, waited: examples.finishedUpload },
        {
          Location: { schema: { type: 'string' }, description: 'The status URL' },
          'Retry-After': whileUnfinished,
          'Idempotent-Replayed': {
            schema: { type: 'string' },
            description: '`true` only while answering again what was accepted before',
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
  });

  const jobParams = z.object({ jobId: z.string().meta({ example: `${examples.batchId}-0` }) });
  const batchParams = z.object({ batchId: z.string().meta({ example: examples.batchId }) });
  const bytes = { 'image/*': { schema: binary } };
  const fileAnswers = {
    200: { description: 'The bytes, with a strong `ETag`; conditional and range requests work', content: bytes },
    206: { description: 'The part that was asked for', content: bytes },
    302: { description: 'In a bucket, at a signed address that is good for five minutes (`STORAGE_REDIRECT`)' },
    304: { description: 'It has not changed' },
  };

  registry.registerPath({
    method: 'get',
    path: '/jobs/{jobId}/result',
    operationId: 'getResult',
    tags: ['Results'],
    summary: 'The finished picture',
    request: { params: jobParams, query: resultQuery },
    responses: {
      ...fileAnswers,
      ...guardedProblems(
        'INVALID_PARAMETER',
        'JOB_NOT_FOUND',
        'BATCH_REMOVED',
        'VARIANT_NOT_FOUND',
        'JOB_NOT_FINISHED',
        'JOB_FAILED',
        'FILE_GONE',
        'PRECONDITION_FAILED',
        'RANGE_NOT_SATISFIABLE',
        'STORAGE_UNAVAILABLE',
      ),
    },
  });

  registry.registerPath({
    method: 'get',
    path: '/jobs/{jobId}/original',
    operationId: 'getOriginal',
    tags: ['Results'],
    summary: 'The picture as it was uploaded',
    request: { params: jobParams, query: originalQuery },
    responses: {
      ...fileAnswers,
      ...guardedProblems(
        'INVALID_PARAMETER',
        'JOB_NOT_FOUND',
        'BATCH_REMOVED',
        'FILE_GONE',
        'PRECONDITION_FAILED',
        'RANGE_NOT_SATISFIABLE',
        'STORAGE_UNAVAILABLE',
      ),
    },
  });

  registry.registerPath({
    method: 'get',
    path: '/batches/{batchId}/archive',
    operationId: 'getArchive',
    tags: ['Results'],
    summary: 'All results of a batch as a zip, with a manifest.json that says what failed and why',
    request: { params: batchParams },
    responses: {
      200: { description: 'The archive', content: { 'application/zip': { schema: binary } } },
      ...guardedProblems('BATCH_NOT_FOUND', 'BATCH_NOT_FINISHED', 'BATCH_REMOVED'),
    },
  });

  registry.registerPath({
    method: 'get',
    path: '/batches/{batchId}/events',
    operationId: 'watchBatch',
    tags: ['Status'],
    summary: 'The status of a batch at each change, as Server-Sent Events',
    description:
      'Each event carries the whole status, as `GET /batches/{batchId}` gives it. The last is named `done`, and the stream ends.',
    request: { params: batchParams },
    responses: {
      200: {
        description: 'The stream',
        content: { 'text/event-stream': { schema: z.string(), examples: { stream: { value: examples.events } } } },
      },
      ...guardedProblems('BATCH_NOT_FOUND', 'BATCH_REMOVED', 'TOO_MANY_STREAMS'),
    },
  });

  registry.registerPath({
    method: 'get',
    path: '/presets',
    operationId: 'listPresets',
    tags: ['Processing'],
    summary: 'The named option sets of this service',
    responses: {
      200: json('The presets', presetList, { presets: examples.presets }),
      ...problems('UNAUTHORIZED', 'RATE_LIMITED'),
    },
  });

  registry.registerPath({
    method: 'get',
    path: '/batches/{batchId}',
    operationId: 'getBatch',
    tags: ['Status'],
    summary: 'How far a batch and each of its files is',
    request: { params: batchParams, headers: [preferHeader] },
    responses: {
      200: json('Status of the batch', batchResponse, examples.batches, {
        'Retry-After': whileUnfinished,
      }),
      ...guardedProblems('BATCH_NOT_FOUND', 'BATCH_REMOVED'),
    },
  });

  registry.registerPath({
    method: 'delete',
    path: '/batches/{batchId}',
    operationId: 'removeBatch',
    tags: ['Processing'],
    summary: 'Remove a batch with its files, and stop what runs of it',
    request: { params: batchParams },
    responses: {
      204: { description: 'It is removed' },
      ...guardedProblems('BATCH_NOT_FOUND', 'BATCH_REMOVED', 'STORAGE_UNAVAILABLE'),
    },
  });

  registry.registerPath({
    method: 'get',
    path: '/jobs/{jobId}',
    operationId: 'getJob',
    tags: ['Status'],
    summary: 'How far one file is',
    request: { params: jobParams, headers: [preferHeader] },
    responses: {
      200: json('Status of the file', jobResponse, examples.jobs, {
        'Retry-After': whileUnfinished,
      }),
      ...guardedProblems('JOB_NOT_FOUND', 'BATCH_REMOVED'),
    },
  });

  registry.registerPath({
    method: 'get',
    path: '/healthz',
    operationId: 'isAlive',
    tags: ['Operation'],
    summary: 'Whether the process lives',
    responses: { 200: json('It does', health, { ok: examples.healthy }) },
  });

  registry.registerPath({
    method: 'get',
    path: '/readyz',
    operationId: 'isReady',
    tags: ['Operation'],
    summary: 'Whether the service can take uploads',
    responses: {
      200: json('It can', health, { ok: examples.healthy }),
      ...problems('QUEUE_UNAVAILABLE', 'STORAGE_UNAVAILABLE'),
    },
  });

  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'apiKey', { type: 'apiKey', in: 'header', name: 'X-API-Key' });

  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Async image service',
      version,
      description:
        'Send pictures, get a batch id at once, ask for the outcome later. Every error is `application/problem+json` ' +
        '(RFC 9457) with a stable `code`; besides those listed, an unknown address is answered with `ROUTE_NOT_FOUND` (404), ' +
        'a method that a route does not have with `METHOD_NOT_ALLOWED` (405), and what is not valid HTTP with `BAD_REQUEST` (400).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    // Where no keys are configured none is needed, which the empty one says.
    security: [{ bearer: [] }, { apiKey: [] }, {}],
  });
}
