import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { detectFormat, formats } from '../../imaging/formats.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { FormatName } from '../../shared/setting-types.ts';
import type { IncomingUpload, Originals } from '../../storage/storage.ts';
import { refuseContentEncoding } from '../http/content-encoding.ts';
import { readQuery } from '../http/query.ts';
import { batchFieldDescriptions } from './batch-fields.ts';
import { parseMultipart } from './parse-multipart.ts';
import { optionFields } from './read-options.ts';
import { RAW_TYPES, rawFileName, receiveRaw } from './receive-raw.ts';
import type { ReceivedFile } from './store-file.ts';
import { tooLarge } from './upload-errors.ts';
import { maxRequestBytes, type UploadLimits } from './upload-limits.ts';

/** Names that a text field of a form, or a parameter of the address, may have. */
const textFields = [...Object.keys(batchFieldDescriptions), ...optionFields];
const anyOf = (...names: string[]) =>
  z.strictObject(Object.fromEntries(names.map((name) => [name, z.unknown().optional()])));
/** Parameters of the address of a form, and of a body that is one image. Their values are checked with those of the form. */
const [formQuery, rawQuery] = [anyOf('links', ...textFields), anyOf('name', 'links', ...textFields)];

/** An upload that was received whole and checked. It is stored but not yet committed. */
export interface ReceivedUpload {
  /** In the order of the upload; names as the client wrote them. */
  files: { originalName: string; format: FormatName; contentHash?: string | undefined }[];
  /** The form's text fields and the parameters of the address, by name. */
  fields: Record<string, unknown>;
  /** Hash of its names, contents and options; empty unless it was requested. */
  fingerprint: string;
  /** Bytes of all files. */
  receivedBytes: number;
  incoming: IncomingUpload;
}

/**
 * Refuses an upload by its headers, before its body is read.
 *
 * @throws {ServiceError} `MULTIPART_REQUIRED`, `CONTENT_ENCODING_UNSUPPORTED` or `REQUEST_TOO_LARGE`
 */
export function checkUploadHeaders(req: Request, limits: UploadLimits): void {
  if (!req.is(['multipart/form-data', 'json', ...RAW_TYPES])) throw new ServiceError('MULTIPART_REQUIRED', []);
  refuseContentEncoding(req);
  if (Number(req.headers['content-length']) > maxRequestBytes(limits)) throw tooLarge(limits);
}

/** Dependencies and settings of {@link receiveUpload}. */
interface ReceiveParts {
  originals: Originals;
  limits: UploadLimits;
  /** Whether to return the hash of the whole upload. */
  withFingerprint: boolean;
  /** Whether to return the hash of each file. */
  withContentHashes: boolean;
}

/**
 * Receives the files of an upload and checks each. If it throws, the storage keeps nothing of the upload.
 *
 * @throws {ServiceError} for every error of the upload, naming the file or the field
 */
export async function receiveUpload(req: Request, res: Response, parts: ReceiveParts): Promise<ReceivedUpload> {
  const { withFingerprint } = parts;
  const incoming = await parts.originals.receive();
  try {
    const { files: received, fields } = await receiveBody(req, res, incoming, parts);
    const files = await checkFiles(received, parts);
    const fingerprint = withFingerprint ? fingerprintOf(received, fields) : '';
    const receivedBytes = received.reduce((sum, { size }) => sum + size, 0);
    return { files, fields, fingerprint, receivedBytes, incoming };
  } catch (error) {
    const discarded = incoming.discard();
    // For an oversized body, respond before cleaning up: the client is still sending.
    const isOversized = error instanceof ServiceError && ['REQUEST_TOO_LARGE', 'FILE_TOO_LARGE'].includes(error.code);
    if (req.complete || !isOversized) await discarded;
    throw error;
  }
}

/** Receives the files and the fields of a form, or the one file of a raw body. */
async function receiveBody(
  req: Request,
  res: Response,
  incoming: IncomingUpload,
  { limits, withFingerprint, withContentHashes }: ReceiveParts,
): Promise<{ files: ReceivedFile[]; fields: Record<string, unknown> }> {
  const withDigests = withFingerprint || withContentHashes;
  // How the response writes links is read elsewhere.
  if (req.is(RAW_TYPES)) {
    const { name, links: _, ...fields } = readQuery(rawQuery, req);
    const originalName = rawFileName(req, name);
    return { files: [await receiveRaw(req, res, { incoming, limits, originalName, withDigests })], fields };
  }
  const { links: _, ...parameters } = readQuery(formQuery, req);
  const form = await parseMultipart(req, res, { incoming, limits, withDigests });
  const unknown = Object.keys(form.fields).find((name) => !textFields.includes(name));
  if (unknown !== undefined)
    throw new ServiceError('UNEXPECTED_FIELD', [{ field: unknown, isFile: false, textFields }]);
  return { files: form.files, fields: merge(parameters, form.fields) };
}

/** Joins the values of fields that both have to an array. */
function merge(some: Record<string, unknown>, others: Record<string, unknown>): Record<string, unknown> {
  const shared = Object.keys(some).filter((name) => Object.hasOwn(others, name));
  return { ...some, ...others, ...Object.fromEntries(shared.map((name) => [name, [some[name], others[name]].flat()])) };
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
  { limits: { acceptedFormats }, withContentHashes }: ReceiveParts,
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
  return detected.flatMap(({ file: { originalName, digest }, format }) =>
    format ? [{ originalName, format, ...(withContentHashes && { contentHash: digest }) }] : [],
  );
}

function namesOf(files: readonly ReceivedFile[]): string[] {
  return files.map(({ originalName }) => originalName);
}
