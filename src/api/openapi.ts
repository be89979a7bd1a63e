import { OpenAPIRegistry, OpenApiGeneratorV31, type ResponseConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { batchStatus, jobStatus } from '../queue/status.ts';
import { type ProblemCode, problemStatuses } from '../shared/errors.ts';
import { FILES_FIELD, maxRequestBytes, type UploadLimits } from './middleware/receive-upload.ts';
import * as examples from './openapi-examples.ts';
import { problem, toProblem } from './problem.ts';
import { health } from './routes/health.ts';
import { acceptedBatch } from './routes/process-images.ts';

const retryAfter = {
  schema: { type: 'integer', minimum: 1 },
  description: 'Seconds until it is worth asking again',
} as const;

/** A JSON answer with its schema and named examples. */
function json(description: string, schema: z.ZodType, values: Record<string, unknown>, headers = {}): ResponseConfig {
  const named = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
  return { description, headers, content: { 'application/json': { schema, examples: named } } };
}

/** The error answers of a route, grouped by status, with an example for each code. */
function problems(...codes: ProblemCode[]): Record<number, ResponseConfig> {
  const answers: Record<number, ResponseConfig> = {};
  for (const status of new Set(codes.map((code) => problemStatuses[code]))) {
    const ofStatus = codes.filter((code) => problemStatuses[code] === status);
    answers[status] = {
      description: ofStatus.map((code) => `\`${code}\``).join(', '),
      headers: status === 503 || status === 507 ? { 'Retry-After': retryAfter } : {},
      content: {
        'application/problem+json': {
          schema: problem,
          examples: Object.fromEntries(
            ofStatus.map((code) => [
              code,
              { value: toProblem({ code, status, message: examples.problemDetails[code] }) },
            ]),
          ),
        },
      },
    };
  }
  return answers;
}

/**
 * Makes the OpenAPI 3.1 document from the schemas that validate.
 *
 * @param limits the bounds of an upload, as this service has them
 */
export function createOpenApiDocument(limits: UploadLimits): object {
  const registry = new OpenAPIRegistry();
  const binary = { type: 'string', format: 'binary', contentMediaType: 'application/octet-stream' } as const;
  const upload = {
    type: 'object' as const,
    required: [FILES_FIELD],
    properties: { [FILES_FIELD]: { type: 'array' as const, items: binary, minItems: 1, maxItems: limits.maxFiles } },
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
      'the id of their batch. An upload is taken whole or not at all. Each image is turned upright, put on white, resized ' +
      'to 512 pixels in width, turned grey and stored as a JPEG of quality 80, without metadata.',
    request: { body: { required: true, content: { 'multipart/form-data': { schema: upload } } } },
    responses: {
      202: json(
        'The batch was accepted',
        acceptedBatch,
        { accepted: examples.accepted },
        {
          Location: { schema: { type: 'string' }, description: 'The status URL' },
          'Retry-After': retryAfter,
        },
      ),
      ...problems(
        'FILE_REQUIRED',
        'UNEXPECTED_FIELD',
        'TOO_MANY_FILES',
        'EMPTY_FILE',
        'MALFORMED_MULTIPART',
        'FILE_TOO_LARGE',
        'REQUEST_TOO_LARGE',
        'MULTIPART_REQUIRED',
        'UNSUPPORTED_IMAGE_TYPE',
        'INTERNAL_ERROR',
        'QUEUE_UNAVAILABLE',
        'STORAGE_UNAVAILABLE',
        'STORAGE_FULL',
      ),
    },
  });

  registry.registerPath({
    method: 'get',
    path: '/batches/{batchId}',
    operationId: 'getBatch',
    tags: ['Status'],
    summary: 'How far a batch and each of its files is',
    request: { params: z.object({ batchId: z.string().meta({ example: examples.batchId }) }) },
    responses: {
      200: json('Status of the batch', batchStatus, examples.batches, {
        'Retry-After': {
          ...retryAfter,
          description: `${retryAfter.description}; only while the batch is not finished`,
        },
      }),
      ...problems('BATCH_NOT_FOUND', 'INTERNAL_ERROR', 'QUEUE_UNAVAILABLE'),
    },
  });

  registry.registerPath({
    method: 'get',
    path: '/jobs/{jobId}',
    operationId: 'getJob',
    tags: ['Status'],
    summary: 'How far one file is',
    request: { params: z.object({ jobId: z.string().meta({ example: `${examples.batchId}-0` }) }) },
    responses: {
      200: json('Status of the file', jobStatus, examples.jobs, {
        'Retry-After': { ...retryAfter, description: `${retryAfter.description}; only while the job is not finished` },
      }),
      ...problems('JOB_NOT_FOUND', 'INTERNAL_ERROR', 'QUEUE_UNAVAILABLE'),
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
    responses: { 200: json('It can', health, { ok: examples.healthy }), ...problems('QUEUE_UNAVAILABLE') },
  });

  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Async image service',
      version: '0.1.0',
      description:
        'Send pictures, get a batch id at once, ask for the outcome later. Every error is `application/problem+json` ' +
        '(RFC 9457) with a stable `code`; besides those listed, an unknown address is answered with `ROUTE_NOT_FOUND` (404) ' +
        'and a method that a route does not have with `METHOD_NOT_ALLOWED` (405).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
  });
}
