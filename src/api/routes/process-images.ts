import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { formatBytes } from '../../shared/errors.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { createFieldReader } from '../http/read-fields.ts';
import { imageOptionSet, optionProperties } from '../openapi/image-options.ts';
import { binary, guardedProblems } from '../openapi/responses.ts';
import { acceptImport, importRequest, maxImportBytes } from '../upload/accept-import.ts';
import { acceptUpload } from '../upload/accept-upload.ts';
import { RAW_TYPES } from '../upload/receive-raw.ts';
import { checkUploadHeaders } from '../upload/receive-upload.ts';
import { FILES_FIELD, UPLOAD_PATH, type UploadLimits } from '../upload/upload-limits.ts';
import {
  type AcceptParts,
  acceptBatch,
  acceptErrors,
  acceptedResponse,
  acceptHeaders,
  acceptQuery,
} from './accepted-batch.ts';

/** `POST /process-images`: accepts an upload whole or not at all. */
export function processImagesRoute(parts: AcceptParts): Route {
  const readImport = createFieldReader(maxImportBytes(parts.limits));
  return defineRoute(UPLOAD_PATH, {
    post: {
      operation: uploadOperation(parts.limits),
      async handler(req, res) {
        checkUploadHeaders(req, parts.limits);
        await acceptBatch(req, res, parts, (claim) =>
          req.is('json') ? acceptImport(req, res, parts, readImport, claim) : acceptUpload(req, res, parts, claim),
        );
      },
    },
  });
}

/** The form of an upload, its options taken from the schema that checks them. */
function uploadForm(limits: UploadLimits) {
  return {
    type: 'object' as const,
    required: [FILES_FIELD],
    properties: {
      [FILES_FIELD]: {
        type: 'array' as const,
        items: binary,
        minItems: 1,
        maxItems: limits.maxFiles,
        description: `the images, each of at most ${formatBytes(limits.maxFileBytes)}`,
      },
      ...optionProperties(),
    },
  };
}

/** The body of an upload by URL. */
function importBody({ maxFiles }: UploadLimits) {
  const { files, ...shape } = importRequest.shape;
  return z.strictObject({ files: files.max(maxFiles), ...shape, options: imageOptionSet.optional() });
}

/** Parameters of the address, for a body that is one image. */
const rawParameters = [
  {
    name: 'name',
    in: 'query' as const,
    description: 'name of an image that is the whole body; otherwise taken from `Content-Disposition`',
    schema: { type: 'string' as const },
  },
  {
    name: 'options',
    in: 'query' as const,
    description: 'the options, each as its own parameter: `?width=300&format=webp`',
    style: 'form' as const,
    explode: true,
    schema: { type: 'object' as const, properties: optionProperties() },
  },
];

function uploadOperation(limits: UploadLimits): Omit<RouteConfig, 'method' | 'path'> {
  return {
    operationId: 'processImages',
    tags: ['Processing'],
    summary: 'Upload images to be processed',
    description:
      `Accepts 1 to ${limits.maxFiles} files of at most ${formatBytes(limits.maxFileBytes)} each ` +
      `(${limits.acceptedFormats.join(', ')}; at most ${formatBytes(limits.maxFiles * limits.maxFileBytes)} in all), and responds at once with ` +
      'the id of their batch. An upload is accepted whole or not at all. Without options each image is turned upright, put ' +
      'on white, resized to 512 pixels in width, converted to greyscale and stored as a JPEG of quality 80, without metadata. ' +
      'With `IMPORT_HOSTS` a JSON body names files by URL, which the service downloads; one that cannot be downloaded fails alone.',
    request: {
      query: acceptQuery,
      headers: acceptHeaders,
      body: {
        required: true,
        content: {
          'multipart/form-data': { schema: uploadForm(limits) },
          'application/json': { schema: importBody(limits) },
          ...Object.fromEntries(RAW_TYPES.map((type) => [type, { schema: binary }])),
        },
      },
    },
    parameters: rawParameters,
    responses: {
      202: acceptedResponse,
      ...guardedProblems(
        ...acceptErrors,
        'FILE_REQUIRED',
        'UNEXPECTED_FIELD',
        'TOO_MANY_FILES',
        'EMPTY_FILE',
        'MALFORMED_MULTIPART',
        'INVALID_PARAMETER',
        'REQUEST_TIMEOUT',
        'FILE_TOO_LARGE',
        'REQUEST_TOO_LARGE',
        'MULTIPART_REQUIRED',
        'IMPORTS_DISABLED',
        'BAD_REQUEST',
        'BODY_TOO_LARGE',
        'UNSUPPORTED_IMAGE_TYPE',
        'CONTENT_ENCODING_UNSUPPORTED',
      ),
    },
  };
}
