import { pipeline } from 'node:stream/promises';
import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { mediaTypeOf } from '../../imaging/formats.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { OpenFile, StoredFile } from '../../storage/storage.ts';
import { binary } from '../openapi/responses.ts';
import { type Client, clientOf } from './authenticate.ts';

/** Seconds after which a client can try again when the storage fails. */
const RETRY_AFTER_SECONDS = 10;

/** Query parameters of a route that sends a file. */
export const fileQuery = z.strictObject({
  download: z
    .enum(['0', '1'], { error: 'must be 0 or 1, and given once' })
    .optional()
    .meta({ description: '`1`: as an attachment, to be saved' }),
  expires: z.string().optional().meta({ description: 'Of a signed link: when it expires, in seconds since 1970' }),
  signature: z
    .string()
    .optional()
    .meta({ description: 'Of a signed link, which needs no key; it covers the path and the other parameters' }),
});

const bytes = { 'image/*': { schema: binary } };

/** Responses of a route that sends a file, for the OpenAPI document. */
export const fileResponses = {
  200: { description: 'The bytes, with a strong `ETag`; conditional and range requests work', content: bytes },
  206: { description: 'The requested range', content: bytes },
  302: {
    description:
      'With S3 storage and `STORAGE_REDIRECT`: the file is at a signed address, valid for five minutes, or until the link expires',
  },
  304: { description: 'It has not changed' },
};

/** Errors of a route that sends a file of a job. */
export const fileErrors = [
  'INVALID_PARAMETER',
  'LINK_INVALID',
  'LINK_EXPIRED',
  'JOB_NOT_FOUND',
  'BATCH_REMOVED',
  'FILE_DELETED',
  'FILE_GONE',
  'PRECONDITION_FAILED',
  'RANGE_NOT_SATISFIABLE',
  'STORAGE_UNAVAILABLE',
] as const;

/** A stored file to send. */
interface SentFile {
  file: StoredFile;
  /** Format, unless only a newer version knows it. */
  format: string | undefined;
  /** File name for a client that saves it. */
  fileName: string;
  /** Unique to this file. */
  identity: string;
  /** Whether the client asked for an attachment. */
  isDownload: boolean;
}

/** Returns the `Cache-Control` of a file. Shared caches may store it under a signed link, until the link expires. */
function cachingOf({ linkExpiresAt }: Client): string {
  if (linkExpiresAt === undefined) return 'private, max-age=31536000, immutable';
  return `public, max-age=${Math.max(0, Math.floor((linkExpiresAt - Date.now()) / 1000))}, immutable`;
}

/**
 * Sends a stored file: whole, in part (206), as a redirect (302) or unchanged (304).
 *
 * @throws {ServiceError} `FILE_GONE`, `PRECONDITION_FAILED`, `RANGE_NOT_SATISFIABLE` or `STORAGE_UNAVAILABLE`
 */
export async function sendFile(
  req: Request,
  res: Response,
  { file, format, fileName, identity, isDownload }: SentFile,
): Promise<void> {
  const known = mediaTypeOf(format);
  const type = known ?? 'application/octet-stream';
  // Browsers may show only known image types.
  const isInline = known !== undefined && !isDownload;
  const disposition = contentDisposition(fileName, { type: isInline ? 'inline' : 'attachment' });
  if ('sign' in file) {
    // The address is valid for minutes only.
    res.set('Cache-Control', 'no-store');
    const method = req.method === 'HEAD' ? 'HEAD' : 'GET';
    return res.redirect(await file.sign({ method, type, disposition, expiresAt: clientOf(res).linkExpiresAt }));
  }
  const caching = cachingOf(clientOf(res));
  res.type(type);
  res.set('Content-Disposition', disposition);
  // Strong: a job that runs again makes the same bytes.
  res.set('ETag', `"${identity}"`);
  compareStrongly(req);
  try {
    await ('path' in file ? sendFromDisk(res, file.path, caching) : sendRemote(req, res, file.open, caching));
  } catch (error) {
    // The client hung up.
    if (res.headersSent || res.destroyed) return;
    for (const name of ['Content-Disposition', 'ETag', 'Cache-Control']) res.removeHeader(name);
    throw toFileError(error as Error, res);
  }
}

/**
 * Replaces weak entity tags by an empty one, which matches nothing, in headers that require the strong comparison (RFC 9110,
 * sections 13.1.1 and 13.1.5). Express compares weakly.
 */
function compareStrongly(req: Request): void {
  for (const name of ['if-match', 'if-range']) {
    const tags = req.get(name)?.replace(/(W\/)?"[^"]*"/g, (tag, weak) => (weak ? '""' : tag));
    if (tags !== undefined) req.headers[name] = tags;
  }
}

function sendFromDisk(res: Response, path: string, caching: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // A folder of the path may begin with a dot. The path does not come from the client.
    const options = { dotfiles: 'allow', cacheControl: false, headers: { 'Cache-Control': caching } } as const;
    res.sendFile(path, options, (error) => (error ? reject(error) : resolve()));
  });
}

/** One range. For several ranges Express sends the whole file, and so does this. */
const ONE_RANGE = /^bytes=(\d+-\d*|-\d+)$/;

/** Responds for a remote file as Express does for a file on disk. */
async function sendRemote(
  req: Request,
  res: Response,
  open: (range?: string) => Promise<OpenFile>,
  caching: string,
): Promise<void> {
  const etag = String(res.get('ETag'));
  const names = req
    .get('If-Match')
    ?.split(',')
    .map((name) => name.trim()) ?? ['*'];
  if (!names.includes('*') && !names.includes(etag)) throw Object.assign(new Error('If-Match'), { status: 412 });
  res.set({ 'Cache-Control': caching, 'Accept-Ranges': 'bytes' });
  if (req.fresh) return void res.status(304).end();
  const isWanted = ONE_RANGE.test(req.get('Range') ?? '') && [undefined, etag].includes(req.get('If-Range'));
  const { content, length, range } = await open(isWanted ? req.get('Range') : undefined);
  res.set('Content-Length', String(length));
  if (range !== undefined) res.status(206).set('Content-Range', range);
  if (req.method === 'HEAD') {
    content.destroy();
    return void res.end();
  }
  await pipeline(content, res);
}

function toFileError(cause: Error & { status?: number }, res: Response): ServiceError {
  switch (cause.status) {
    case 404:
      return new ServiceError('FILE_GONE', ['file'], { cause });
    case 412:
      return new ServiceError('PRECONDITION_FAILED', [], { cause });
    case 416:
      return new ServiceError('RANGE_NOT_SATISFIABLE', [res.getHeader('Content-Range')?.toString()], { cause });
    default:
      return new ServiceError('STORAGE_UNAVAILABLE', ['could not read the file', RETRY_AFTER_SECONDS], {
        cause,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
  }
}
