import { pipeline } from 'node:stream/promises';
import { create as contentDisposition } from 'content-disposition';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { mediaTypeOf } from '../../imaging/formats.ts';
import type { QueueClient } from '../../queue/queue-client.ts';
import type { FileStatus } from '../../queue/read-status.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { OpenFile, Storage, StoredFile } from '../../storage/storage.ts';
import { clientOf } from '../http/authenticate.ts';
import { methodNotAllowed } from '../http/error-handler.ts';
import { lastPart, resultFileName } from '../http/file-names.ts';
import { readQuery } from '../http/query.ts';
import { jobLinks } from '../views/links.ts';
import { findJob, POLL_AFTER_SECONDS } from './load-or-404.ts';

/** Parameters of `GET /jobs/:jobId/original`. */
export const originalQuery = z.strictObject({
  download: z
    .enum(['0', '1'], { error: 'must be 0 or 1, and given once' })
    .optional()
    .meta({ description: '`1`: as an attachment, to be saved' }),
});

/** Parameters of `GET /jobs/:jobId/result`. */
export const resultQuery = z.strictObject({
  variant: z.string({ error: 'must be given once' }).optional().meta({ description: 'Name of the variant' }),
  ...originalQuery.shape,
});

/** `GET /jobs/:jobId/result` and `GET /jobs/:jobId/original`: the bytes themselves. */
export function resultsRoute({ queue, storage }: { queue: QueueClient; storage: Storage }): Router {
  const router = Router();

  router
    .route('/jobs/:jobId/result')
    .get(async (req, res) => {
      const { variant, download } = readQuery(resultQuery, req);
      const job = await findJob(queue, clientOf(res), req.params.jobId);
      const { jobId, payload } = job;
      const { name, format } = chooseOutput(job, variant);
      const fileName = resultFileName(payload.originalName, format, name);
      await sendFile(req, res, {
        file: storage.results.find(jobId, format, name),
        format,
        fileName,
        identity: `${jobId}-${name ?? ''}`,
        download,
      });
    })
    .all(methodNotAllowed('GET, HEAD'));

  router
    .route('/jobs/:jobId/original')
    .get(async (req, res) => {
      const { download } = readQuery(originalQuery, req);
      const { jobId, payload } = await findJob(queue, clientOf(res), req.params.jobId);
      const { batchId, index, originalName, format } = payload;
      const file = storage.originals.find(batchId, index);
      await sendFile(req, res, {
        file,
        format,
        fileName: lastPart(originalName),
        identity: `${jobId}-original`,
        download,
      });
    })
    .all(methodNotAllowed('GET, HEAD'));

  return router;
}

/** Finds the result that was asked for: the one of that name, or the first. */
function chooseOutput(
  { payload, state, failedReason, result }: FileStatus,
  variant: string | undefined,
): { name?: string; format: string } {
  if (state === 'failed') {
    throw new ServiceError('JOB_FAILED', `There is no result: this file could not be processed (${failedReason}).`);
  }
  if (!result) {
    throw new ServiceError(
      'JOB_NOT_FINISHED',
      `The job is ${state}. Ask again, or wait with Prefer: wait=30 at ${jobLinks(payload.batchId, payload.index).self}.`,
      {
        headers: { 'Retry-After': POLL_AFTER_SECONDS },
      },
    );
  }
  const named = result.outputs ?? [];
  if (variant === undefined) return named[0] ?? { format: result.format };
  const chosen = named.find(({ name }) => name === variant);
  if (chosen) return chosen;
  const names = named.map(({ name }) => name).join(', ');
  throw new ServiceError(
    'VARIANT_NOT_FOUND',
    `There is no variant ${JSON.stringify(variant)}. ${names ? `There are: ${names}.` : 'This upload asked for none; leave it out.'}`,
  );
}

/** A file to send. */
interface Sent {
  file: StoredFile;
  /** Format, unless only a newer version knows it. */
  format: string | undefined;
  /** Name for whoever saves it. */
  fileName: string;
  /** What tells this file from every other. */
  identity: string;
  download: z.infer<typeof originalQuery>['download'];
}

const CACHING = 'private, max-age=31536000, immutable';

/** Sends a stored file, whole or in part, or says where it is, or only that it has not changed. */
async function sendFile(
  req: Request,
  res: Response,
  { file, format, fileName, identity, download }: Sent,
): Promise<void> {
  const known = mediaTypeOf(format);
  const type = known ?? 'application/octet-stream';
  // Browsers show only what is known to be an image.
  const isInline = known !== undefined && download !== '1';
  const disposition = contentDisposition(fileName, { type: isInline ? 'inline' : 'attachment' });
  if ('sign' in file) {
    // The address is good for minutes alone.
    res.set('Cache-Control', 'no-store');
    const method = req.method === 'HEAD' ? 'HEAD' : 'GET';
    return res.redirect(await file.sign({ method, type, disposition }));
  }
  res.type(type);
  res.set('Content-Disposition', disposition);
  // Strong: what has this name never changes, since a job that runs again makes the same bytes.
  res.set('ETag', `"${identity}"`);
  compareStrongly(req);
  try {
    await ('path' in file ? sendFromDisk(res, file.path) : passOn(req, res, file.open));
  } catch (error) {
    // The client hung up: nobody is there to be told.
    if (res.headersSent || res.destroyed) return;
    for (const name of ['Content-Disposition', 'ETag', 'Cache-Control']) res.removeHeader(name);
    throw toFileError(error as Error, res);
  }
}

/**
 * Replaces weak entity tags where only strong ones may match (RFC 9110, sections 13.1.1 and 13.1.5) by an empty one, which
 * matches nothing: Express compares them weakly.
 */
function compareStrongly(req: Request): void {
  for (const name of ['if-match', 'if-range']) {
    const tags = req.get(name)?.replace(/(W\/)?"[^"]*"/g, (tag, weak) => (weak ? '""' : tag));
    if (tags !== undefined) req.headers[name] = tags;
  }
}

function sendFromDisk(res: Response, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // A folder on the way may begin with a dot, and the path is not the client's.
    const options = { dotfiles: 'allow', cacheControl: false, headers: { 'Cache-Control': CACHING } } as const;
    res.sendFile(path, options, (error) => (error ? reject(error) : resolve()));
  });
}

/** Of several ranges at once servers make what Express does not: it sends the whole file. */
const ONE_RANGE = /^bytes=(\d+-\d*|-\d+)$/;

/** Answers as Express does with a file on the disk, for one that is elsewhere. */
async function passOn(req: Request, res: Response, open: (range?: string) => Promise<OpenFile>): Promise<void> {
  const etag = String(res.get('ETag'));
  const names = req
    .get('If-Match')
    ?.split(',')
    .map((name) => name.trim()) ?? ['*'];
  if (!names.includes('*') && !names.includes(etag)) throw Object.assign(new Error('If-Match'), { status: 412 });
  res.set({ 'Cache-Control': CACHING, 'Accept-Ranges': 'bytes' });
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

function toFileError(error: Error & { status?: number }, res: Response): ServiceError {
  switch (error.status) {
    case 404:
      return new ServiceError('FILE_GONE', 'The file was made, but is no longer there: someone has removed it.', {
        cause: error,
      });
    case 412:
      return new ServiceError(
        'PRECONDITION_FAILED',
        'The file is not the one that If-Match or If-Unmodified-Since names.',
        { cause: error },
      );
    case 416: {
      const range = res.getHeader('Content-Range');
      return new ServiceError(
        'RANGE_NOT_SATISFIABLE',
        `The file does not have that range${range ? ` (${range})` : ''}.`,
        { cause: error },
      );
    }
    default:
      return new ServiceError('STORAGE_UNAVAILABLE', 'The service could not read the file. Try again later.', {
        cause: error,
        headers: { 'Retry-After': '10' },
      });
  }
}
