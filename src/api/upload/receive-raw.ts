import { isUtf8 } from 'node:buffer';
import { PassThrough } from 'node:stream';
import { parse as parseDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { ServiceError } from '../../shared/errors.ts';
import type { IncomingUpload } from '../../storage/storage.ts';
import { pipeBody } from './pipe-body.ts';
import { type ReceivedFile, storeFile } from './store-file.ts';
import { DEFAULT_NAME, type UploadLimits } from './upload-limits.ts';

/** Media types of a body that is one image. The content decides about its format. */
export const RAW_TYPES = ['image/*', 'application/octet-stream'];

/** Returns the name of the image: the parameter `name` of the address, else the file name in `Content-Disposition`. */
export function rawFileName(req: Request, name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  const header = Buffer.from(req.get('Content-Disposition') ?? '', 'latin1');
  // Node decodes headers as Latin-1, but clients send names in UTF-8.
  return parseDisposition(header.toString(isUtf8(header) ? 'utf8' : 'latin1')).parameters.filename || DEFAULT_NAME;
}

/**
 * Stores a body that is one image.
 *
 * @throws {ServiceError} `FILE_TOO_LARGE` or `REQUEST_TIMEOUT`, an error of the storage, or `BAD_REQUEST` if the client hangs up
 */
export async function receiveRaw(
  req: Request,
  res: Response,
  {
    incoming,
    limits: { maxFileBytes, requestTimeoutMs },
    originalName,
    withDigests,
  }: { incoming: IncomingUpload; limits: UploadLimits; originalName: string; withDigests: boolean },
): Promise<ReceivedFile> {
  const tooLarge = () => new ServiceError('FILE_TOO_LARGE', [originalName, maxFileBytes]);
  if (Number(req.headers['content-length']) > maxFileBytes) throw tooLarge();
  const content = new PassThrough();
  // The reader gets the error as well, but perhaps later.
  content.on('error', () => {});
  const onGone = () => content.destroy(new ServiceError('BAD_REQUEST', ['The connection was closed before the end.']));
  res.once('close', onGone);
  const stored = storeFile(incoming, 0, content, withDigests);
  if (req.destroyed || res.destroyed) onGone();
  else pipeBody(req, res, content, { maxBytes: maxFileBytes, requestTimeoutMs, tooLarge });
  try {
    return { originalName, ...(await stored) };
  } finally {
    res.off('close', onGone);
  }
}
