import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Claim } from '../../queue/idempotency.ts';
import { ServiceError } from '../../shared/errors.ts';
import { problemsOf } from '../http/query.ts';
import { type FieldReader, MAX_BODY_BYTES } from '../http/read-fields.ts';
import type { UploadParts } from './accept-upload.ts';
import { batchFieldDescriptions, takeBatchFields } from './batch-fields.ts';
import { type EnqueuedBatch, enqueueBatch } from './enqueue-batch.ts';
import { readOptions } from './read-options.ts';
import { DEFAULT_NAME, type UploadLimits } from './upload-limits.ts';

/** Maximum characters of a URL and of a name. */
const MAX_URL_LENGTH = 2048;
const MAX_NAME_LENGTH = 1024;

const urlError = `must be an http:// or https:// URL of at most ${MAX_URL_LENGTH} characters, without a user name and a password`;
const importUrl = z.string({ error: urlError }).max(MAX_URL_LENGTH, { error: urlError }).refine(isPlainUrl, {
  error: urlError,
});

function member(type: 'array' | 'object' | 'string', description: string) {
  return z
    .unknown()
    .optional()
    .meta({ type, description, ...(type === 'array' && { items: {} }) });
}

/** Body of an upload by URL. */
export const importRequest = z.strictObject({
  files: z
    .array(
      z.strictObject({
        url: importUrl.meta({ description: 'where the service downloads the file' }),
        name: z
          .string({ error: 'must be text' })
          .max(MAX_NAME_LENGTH, { error: `must have at most ${MAX_NAME_LENGTH} characters` })
          .optional()
          .meta({ description: 'file name; by default the last part of the URL' }),
      }),
      { error: 'must be a list of objects such as {"url": "https://example.com/photo.jpg"}' },
    )
    .min(1, { error: 'must have at least one entry' })
    .meta({ description: 'the images to download' }),
  options: z
    .record(z.string(), z.unknown(), { error: 'must be an object such as {"width": 300}' })
    .optional()
    .meta({ description: 'options for every file, as in a form' }),
  // These are checked as the fields of a form are.
  variants: member('array', 'several results of each file, as in a form'),
  preset: member('string', 'a named set of options; see `GET /presets`'),
  tags: member('array', batchFieldDescriptions.tags),
  metadata: member('object', batchFieldDescriptions.metadata),
  webhook: member('string', batchFieldDescriptions.webhook),
});

/** Returns the maximum bytes of the body of an upload by URL. */
export function maxImportBytes({ maxFiles }: Pick<UploadLimits, 'maxFiles'>): number {
  return MAX_BODY_BYTES + maxFiles * 2 * (MAX_URL_LENGTH + MAX_NAME_LENGTH);
}

/**
 * Enqueues a batch of files that the worker imports by URL. The request checks the URLs only in form: a file that cannot be imported
 * fails alone.
 *
 * @param readFields reads a body of up to {@link maxImportBytes}
 * @param claim of its `Idempotency-Key`, if it has one
 * @throws {ServiceError} `IMPORTS_DISABLED`, `INVALID_OPTION` that lists all problems, or another error of an upload
 */
export async function acceptImport(
  req: Request,
  res: Response,
  { queue, storage: { originals }, limits: { maxFiles }, imports, optionRules, webhooks }: UploadParts,
  readFields: FieldReader,
  claim: Claim | undefined,
): Promise<EnqueuedBatch> {
  if (imports.hosts.length === 0) throw new ServiceError('IMPORTS_DISABLED', []);
  const body = await readFields(req, res);
  const request = importRequest.safeParse(body);
  if (!request.success) throw new ServiceError('INVALID_OPTION', [problemsOf(request.error)]);
  const { files: given, options, ...fields } = request.data;
  if (given.length > maxFiles) throw new ServiceError('TOO_MANY_FILES', [maxFiles]);
  const { tags, metadata, webhook = webhooks.url, rest } = takeBatchFields(fields, webhooks);
  const outputs = readOptions({ ...options, ...rest }, optionRules);
  const files = given.map(({ url, name }) => ({ originalName: name || nameOf(url), importUrl: url }));
  const batch = { files, outputs, tags, metadata, webhook };
  const fingerprint = createHash('sha256').update(JSON.stringify(batch)).digest('hex');
  // The imported files will be added to it.
  const incoming = await originals.receive();
  return enqueueBatch(req, res, queue, claim, { incoming, fingerprint, batch });
}

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
}

/** Returns the last part of the path of a URL. */
function nameOf(url: string): string {
  const part = new URL(url).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(part) || DEFAULT_NAME;
  } catch {
    return part;
  }
}
