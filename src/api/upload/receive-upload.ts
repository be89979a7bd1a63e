import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { detectFormat, formats } from '../../imaging/formats.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { FormatName } from '../../shared/setting-types.ts';
import type { IncomingUpload, Originals } from '../../storage/storage.ts';
import { refuseContentEncoding } from '../http/content-encoding.ts';
import { parseMultipart, type ReceivedFile } from './parse-multipart.ts';
import { tooLarge } from './upload-errors.ts';
import { maxRequestBytes, type UploadLimits } from './upload-limits.ts';

/** An upload that was received whole and checked. It is stored but not yet committed. */
export interface ReceivedUpload {
  /** In the order of the upload; names as the client wrote them. */
  files: { originalName: string; format: FormatName }[];
  /** The form's text fields, by name. */
  fields: Record<string, unknown>;
  /** Hash of its names, contents and options; empty unless it was requested. */
  fingerprint: string;
  incoming: IncomingUpload;
}

/**
 * Refuses an upload by its headers, before its body is read.
 *
 * @throws {ServiceError} `MULTIPART_REQUIRED`, `CONTENT_ENCODING_UNSUPPORTED` or `REQUEST_TOO_LARGE`
 */
export function checkUploadHeaders(req: Request, limits: UploadLimits): void {
  if (!req.is('multipart/form-data')) {
    throw new ServiceError('MULTIPART_REQUIRED', []);
  }
  refuseContentEncoding(req);
  if (Number(req.headers['content-length']) > maxRequestBytes(limits)) throw tooLarge(limits);
}

/**
 * Receives the files of an upload and checks each. If it throws, the storage keeps nothing of the upload.
 *
 * @param textFields names that a text field may have
 * @param withFingerprint whether to hash the contents
 * @throws {ServiceError} for every error of the upload, naming the file or the field
 */
export async function receiveUpload(
  req: Request,
  res: Response,
  {
    originals,
    limits,
    textFields,
    withFingerprint,
  }: { originals: Originals; limits: UploadLimits; textFields: readonly string[]; withFingerprint: boolean },
): Promise<ReceivedUpload> {
  const incoming = await originals.receive();
  try {
    const { files: parts, fields } = await parseMultipart(req, res, { incoming, limits, withDigests: withFingerprint });
    const unknown = Object.keys(fields).find((name) => !textFields.includes(name));
    if (unknown !== undefined)
      throw new ServiceError('UNEXPECTED_FIELD', [{ field: unknown, isFile: false, textFields }]);
    const files = await checkFiles(parts, limits);
    return { files, fields, fingerprint: withFingerprint ? fingerprintOf(parts, fields) : '', incoming };
  } catch (error) {
    const discarded = incoming.discard();
    // For an oversized body, respond before cleaning up: the client is still sending.
    if (!(error instanceof ServiceError && error.code === 'REQUEST_TOO_LARGE')) await discarded;
    throw error;
  }
}

function fingerprintOf(files: readonly ReceivedFile[], fields: Record<string, unknown>): string {
  const contents = files.map(({ originalName, digest }) => [originalName, digest]);
  const options = Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([contents, options]))
    .digest('hex');
}

async function checkFiles(
  files: readonly ReceivedFile[],
  { acceptedFormats }: UploadLimits,
): Promise<ReceivedUpload['files']> {
  if (files.length === 0) throw new ServiceError('FILE_REQUIRED', []);
  const empty = files.filter(({ size }) => size === 0);
  if (empty.length > 0) throw new ServiceError('EMPTY_FILE', [namesOf(empty)]);
  const detected = await Promise.all(
    files.map(async (file) => ({ file, format: await detectFormat(file.head, acceptedFormats) })),
  );
  const refused = detected.filter(({ format }) => format === undefined).map(({ file }) => file);
  if (refused.length > 0) {
    const accepted = acceptedFormats.map((name) => formats[name].label);
    throw new ServiceError('UNSUPPORTED_IMAGE_TYPE', [namesOf(refused), accepted]);
  }
  return detected.flatMap(({ file: { originalName }, format }) => (format ? [{ originalName, format }] : []));
}

function namesOf(files: readonly ReceivedFile[]): string[] {
  return files.map(({ originalName }) => originalName);
}
