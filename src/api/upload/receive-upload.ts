import { createHash, type Hash } from 'node:crypto';
import type { Request, Response } from 'express';
import { detectFormat, formats } from '../../imaging/formats.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { FormatName } from '../../shared/setting-types.ts';
import type { IncomingUpload, Originals } from '../../storage/storage.ts';
import { parseForm, type Write } from './parse-multipart.ts';
import { tooLarge, unexpectedText } from './upload-errors.ts';
import { FILES_FIELD, maxRequestBytes, type UploadLimits } from './upload-limits.ts';

/** An upload that was received whole and looked at; it is on disk but not yet committed. */
export interface ReceivedUpload {
  /** In the order of the upload; names as the client wrote them. */
  files: { originalName: string; format: FormatName }[];
  /** The form's text fields, by name. */
  fields: Record<string, unknown>;
  /** Tells this upload from every other by its names, contents and options; empty when it was not wanted. */
  fingerprint: string;
  incoming: IncomingUpload;
}

/**
 * Refuses by its headers alone what need not be read at all.
 *
 * @throws {ServiceError} `MULTIPART_REQUIRED`, `CONTENT_ENCODING_UNSUPPORTED` or `REQUEST_TOO_LARGE`
 */
export function checkUploadHeaders(req: Request, limits: UploadLimits): void {
  if (!req.is('multipart/form-data')) {
    throw new ServiceError(
      'MULTIPART_REQUIRED',
      `Send the files as multipart/form-data in the field "${FILES_FIELD}", as in: curl -F ${FILES_FIELD}=@photo.jpg …`,
    );
  }
  const coding = req.get('Content-Encoding') ?? '';
  if (coding.split(',').some((name) => !['', 'identity'].includes(name.trim().toLowerCase()))) {
    throw new ServiceError(
      'CONTENT_ENCODING_UNSUPPORTED',
      `The body is encoded as ${JSON.stringify(coding)}. Send it as it is, without Content-Encoding: images are compressed already.`,
      // RFC 9110, section 15.5.16.
      { headers: { 'Accept-Encoding': 'identity' } },
    );
  }
  if (Number(req.headers['content-length']) > maxRequestBytes(limits)) throw tooLarge(limits);
}

/**
 * Receives the files of an upload and checks each. When it throws, nothing stays on disk.
 *
 * @param textFields names that a text field may have
 * @param withFingerprint whether its contents are to be hashed
 * @throws {ServiceError} for every fault of the upload, naming the file or the field
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
  const writes: Write[] = [];
  const digests = withFingerprint ? ([] as Hash[]) : undefined;
  try {
    const received = await parseForm(req, res, { incoming, writes, digests, limits });
    const fields = { ...req.body };
    const unknown = Object.keys(fields).find((name) => !textFields.includes(name));
    if (unknown !== undefined) throw unexpectedText(unknown, textFields);
    const files = await checkFiles(received, await Promise.all(writes), limits);
    const fingerprint = digests ? fingerprintOf(files, fields, digests) : '';
    return { files, fields, fingerprint, incoming };
  } catch (error) {
    // A file that is still being written would come back after its removal.
    const removed = Promise.allSettled(writes).then(() => incoming.discard());
    // Who sends without end is answered first, and cut off, since all that is read meanwhile.
    if (!(error instanceof ServiceError && error.code === 'REQUEST_TOO_LARGE')) await removed;
    throw error;
  }
}

function fingerprintOf(files: ReceivedUpload['files'], fields: Record<string, unknown>, digests: Hash[]): string {
  const contents = files.map(({ originalName }, index) => [originalName, digests[index]?.digest('hex')]);
  const options = Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([contents, options]))
    .digest('hex');
}

async function checkFiles(
  files: readonly Express.Multer.File[],
  writes: readonly { head: Uint8Array }[],
  { acceptedFormats }: UploadLimits,
): Promise<ReceivedUpload['files']> {
  if (files.length === 0) {
    throw new ServiceError('FILE_REQUIRED', `There is no file in the field "${FILES_FIELD}". Send at least one.`);
  }
  const empty = files.filter(({ size }) => size === 0);
  if (empty.length > 0) {
    throw new ServiceError(
      'EMPTY_FILE',
      `${list(empty)} has no content. Leave empty files out and send the rest again.`,
    );
  }
  const detected = await Promise.all(
    files.map(async (file, index) => ({
      file,
      format: await detectFormat(writes[index]?.head ?? new Uint8Array(), acceptedFormats),
    })),
  );
  const refused = detected.filter(({ format }) => format === undefined).map(({ file }) => file);
  if (refused.length > 0) {
    const labels = acceptedFormats.map((name) => formats[name].label).join(', ');
    throw new ServiceError(
      'UNSUPPORTED_IMAGE_TYPE',
      `${list(refused)} is not an image of an accepted type (${labels}); its content decides, not its name. ` +
        'Leave it out and send the rest again.',
    );
  }
  return detected.flatMap(({ file, format }) => (format ? [{ originalName: file.originalname, format }] : []));
}

function list(files: readonly Express.Multer.File[]): string {
  return files.map(({ originalname }) => JSON.stringify(originalname)).join(', ');
}
