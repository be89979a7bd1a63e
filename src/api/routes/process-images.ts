import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { imageOptions, optionDefaults, optionGroups } from '../../imaging/options.ts';
import { MAX_VARIANTS } from '../../imaging/outputs.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { createFieldReader } from '../http/read-fields.ts';
import { binary, guardedProblems } from '../openapi/responses.ts';
import { acceptImport, importRequest, maxImportBytes } from '../upload/accept-import.ts';
import { acceptUpload } from '../upload/accept-upload.ts';
import { batchFieldDescriptions } from '../upload/batch-fields.ts';
import { RAW_TYPES } from '../upload/receive-raw.ts';
import { checkUploadHeaders } from '../upload/receive-upload.ts';
import { FILES_FIELD, maxRequestBytes, UPLOAD_PATH, type UploadLimits } from '../upload/upload-limits.ts';
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
      [FILES_FIELD]: { type: 'array' as const, items: binary, minItems: 1, maxItems: limits.maxFiles },
      ...optionProperties(),
    },
  };
}

/** The body of an upload by URL. */
function importBody({ maxFiles }: UploadLimits) {
  const { files, ...shape } = importRequest.shape;
  return z.strictObject({ files: files.max(maxFiles), ...shape });
}

/**
 * OpenAPI properties of the options and of the fields that describe a batch. The web page builds its form from them. The defaults are an
 * extension, because Swagger UI and generated clients send a `default`. With other options it can be refused (`lossless=false` for a
 * JPEG), or change the result (`width=512` beside a height).
 */
export function optionProperties() {
  const { properties = {} } = z.toJSONSchema(imageOptions, { target: 'draft-2020-12', io: 'output' });
  const options = Object.entries(optionGroups).flatMap(([group, names]) =>
    names.map((name) => {
      const schema = properties[name] as { type: 'string' | 'boolean' };
      const value =
        optionDefaults[name as keyof typeof optionDefaults] ?? (schema.type === 'boolean' ? false : undefined);
      return [name, { ...schema, ...(value !== undefined && { 'x-default': value }), 'x-group': group }] as const;
    }),
  );
  const text = (description: string) => ({ type: 'string' as const, description });
  return {
    ...Object.fromEntries(options),
    variants: text(
      `JSON array of up to ${MAX_VARIANTS} sets of these options, each with a \`name\`: several results of each file. ` +
        'Options beside it apply to each variant that does not set them itself.',
    ),
    preset: text('a named set of options; see `GET /presets`'),
    ...Object.fromEntries(
      Object.entries(batchFieldDescriptions).map(([name, description]) => [name, text(description)]),
    ),
  };
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
    // Swagger UI would otherwise send an example of each option.
    example: {},
    schema: { type: 'object' as const, properties: optionProperties() },
  },
];

function uploadOperation(limits: UploadLimits): Omit<RouteConfig, 'method' | 'path'> {
  return {
    operationId: 'processImages',
    tags: ['Processing'],
    summary: 'Upload images to be processed',
    description:
      `Accepts 1 to ${limits.maxFiles} files of at most ${limits.maxFileBytes} bytes each ` +
      `(${limits.acceptedFormats.join(', ')}; at most ${maxRequestBytes(limits)} bytes in all), and responds at once with ` +
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
