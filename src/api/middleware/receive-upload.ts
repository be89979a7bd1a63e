import type { Readable, Writable } from 'node:stream';
import type { Request, Response } from 'express';
import multer, { MulterError } from 'multer';
import { v4 as uuid } from 'uuid';
import { detectFormat, formats, SIGNATURE_BYTES } from '../../imaging/formats.ts';
import type { Config, FormatName } from '../../shared/config.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { IncomingUpload, Originals } from '../../storage/originals.ts';
import { createPartCounter } from './part-counter.ts';

/** Form field of the files. */
export const FILES_FIELD = 'images';
/** Bytes that the form itself may take besides its files: boundaries, part headers, text fields. */
const FORM_BYTES = 64 * 1024;
/** Bytes of one text field, at most: enough for the longest list of variants. */
const TEXT_BYTES = 16 * 1024;

/** Bounds of one upload. */
export type UploadLimits = Pick<Config, 'maxFiles' | 'maxFileBytes' | 'acceptedFormats'>;

/** An upload that was received whole and looked at; it is on disk but not yet committed. */
export interface ReceivedUpload {
  batchId: string;
  /** In the order of the upload; names as the client wrote them. */
  files: { originalName: string; format: FormatName }[];
  /** The form's text fields, by name. */
  fields: Record<string, unknown>;
  incoming: IncomingUpload;
}

/** Most bytes that the body of an upload can have. */
export function maxRequestBytes({ maxFiles, maxFileBytes }: UploadLimits): number {
  return maxFiles * maxFileBytes + FORM_BYTES;
}

/**
 * Refuses by its headers alone what need not be read at all.
 *
 * @throws {ServiceError} `MULTIPART_REQUIRED` or `REQUEST_TOO_LARGE`
 */
export function checkUploadHeaders(req: Request, limits: UploadLimits): void {
  if (!req.is('multipart/form-data')) {
    throw new ServiceError(
      'MULTIPART_REQUIRED',
      `Send the files as multipart/form-data in the field "${FILES_FIELD}", as in: curl -F ${FILES_FIELD}=@photo.jpg …`,
    );
  }
  if (Number(req.headers['content-length']) > maxRequestBytes(limits)) throw tooLarge(limits);
}

/**
 * Receives the files of an upload and checks each. When it throws, nothing stays on disk.
 *
 * @param textFields names that a text field may have
 * @throws {ServiceError} for every fault of the upload, naming the file or the field
 */
export async function receiveUpload(
  req: Request,
  res: Response,
  { originals, limits, textFields }: { originals: Originals; limits: UploadLimits; textFields: readonly string[] },
): Promise<ReceivedUpload> {
  const batchId = uuid();
  const incoming = await originals.receive(batchId);
  const writes: Promise<number>[] = [];
  try {
    const received = await parseForm(req, res, { incoming, writes, limits });
    const fields = { ...req.body };
    const unknown = Object.keys(fields).find((name) => !textFields.includes(name));
    if (unknown !== undefined) throw unexpectedText(unknown, textFields);
    return { batchId, files: await checkFiles(received, incoming, limits), fields, incoming };
  } catch (error) {
    // A file that is still being written would come back after its removal.
    await Promise.allSettled(writes);
    await incoming.discard();
    throw error;
  }
}

/** multer's own option, which its types do not know yet. */
interface StreamHandler {
  streamHandler: (req: Request, parser: Writable) => void;
}

function parseForm(
  req: Request,
  res: Response,
  { incoming, writes, limits }: { incoming: IncomingUpload; writes: Promise<number>[]; limits: UploadLimits },
): Promise<Express.Multer.File[]> {
  return new Promise((resolve, reject) => {
    // multer hears of a client that hangs up from now on; one that is gone already would never be heard of again.
    const onGone = () =>
      reject(new ServiceError('MALFORMED_MULTIPART', 'The connection was closed before the end of the form.'));
    res.once('close', onGone);
    if (req.destroyed || res.destroyed) onGone();
    const counter = createPartCounter(req.get('Content-Type') ?? '');
    let understood = 0;
    let nameless: string | undefined;
    const options: multer.Options & StreamHandler = {
      storage: {
        _handleFile(_req, file, done) {
          const write = incoming.add(writes.length, file.stream);
          writes.push(write);
          write.then((size) => done(null, { size }), done);
        },
        // The whole upload is removed at once.
        _removeFile: (_req, _file, done) => done(null),
      },
      limits: {
        files: limits.maxFiles,
        fileSize: limits.maxFileBytes,
        fields: 32,
        fieldSize: TEXT_BYTES,
        headerPairs: 32,
      },
      // Names come back as they were written: in UTF-8, and not cut at what some system takes for a separator.
      defParamCharset: 'utf8',
      preservePath: true,
      // multer knows no limit of the whole, and reads a body to its end before it reports any fault.
      streamHandler(_req, parser) {
        let received = 0;
        parser.on('field', () => {
          understood += 1;
        });
        parser.on('file', (field: string, content: Readable, { filename }: { filename?: string }) => {
          understood += 1;
          // multer passes over a part without a file name. A browser sends such a one, empty, for a field that was left out.
          if (!filename)
            content.once('data', () => {
              nameless = field;
            });
        });
        req.on('data', (chunk: Buffer) => {
          counter.push(chunk);
          received += chunk.length;
          if (received <= maxRequestBytes(limits)) return;
          const error = tooLarge(limits);
          req.unpipe(parser);
          parser.destroy(error);
          reject(error);
        });
        req.pipe(parser);
      },
    };
    // curl asks before it sends more than a mebibyte; by now there is no reason left to refuse.
    if (/100-continue/i.test(req.headers.expect ?? '')) res.writeContinue();
    multer(options).array(FILES_FIELD)(req, res, (error: unknown) => {
      if (error) return reject(toUploadError(error, limits));
      if (nameless !== undefined)
        return reject(malformed(`the file in the field ${JSON.stringify(nameless)} has no name`));
      // A part whose headers make no sense would otherwise be missing without a word.
      if (counter.parts > understood) return reject(malformed('the headers of a part cannot be understood'));
      if (!Array.isArray(req.files)) return reject(malformed('its Content-Type cannot be understood'));
      resolve(req.files);
    });
  });
}

async function checkFiles(
  files: readonly Express.Multer.File[],
  incoming: IncomingUpload,
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
      format: await detectFormat(await incoming.head(index, SIGNATURE_BYTES), acceptedFormats),
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

function toUploadError(error: unknown, { maxFiles, maxFileBytes }: UploadLimits): unknown {
  if (error instanceof ServiceError) return error;
  const { code, field = '', filename = '' } = error as Partial<MulterError & { filename: string }>;
  switch (error instanceof MulterError && code) {
    case 'LIMIT_FILE_SIZE':
      return new ServiceError(
        'FILE_TOO_LARGE',
        `${JSON.stringify(filename)} is larger than ${inWords(maxFileBytes)}, the most that one file may have. Make it smaller and send all again.`,
        { cause: error },
      );
    case 'LIMIT_FILE_COUNT':
      return new ServiceError('TOO_MANY_FILES', `More than ${maxFiles} files in one upload. Send them in several.`, {
        cause: error,
      });
    case 'LIMIT_UNEXPECTED_FILE':
      return new ServiceError(
        'UNEXPECTED_FIELD',
        `There is a file in the field ${JSON.stringify(field)}. Files belong in the field "${FILES_FIELD}".`,
        { cause: error },
      );
    default:
      return malformed(error instanceof Error ? error.message : String(error), error);
  }
}

function malformed(why: string, cause?: unknown): ServiceError {
  const detail = `The form could not be read: ${why}. Let your client build it, as curl -F does.`;
  return new ServiceError('MALFORMED_MULTIPART', detail, { cause });
}

function unexpectedText(field: string, known: readonly string[]): ServiceError {
  return new ServiceError(
    'UNEXPECTED_FIELD',
    field === FILES_FIELD
      ? `The field "${FILES_FIELD}" holds text, not a file. With curl, put an @ before the path: -F ${FILES_FIELD}=@photo.jpg`
      : `The field ${JSON.stringify(field)} is unknown. Send files in the field "${FILES_FIELD}", and as text only ${known.join(', ')}.`,
  );
}

function tooLarge(limits: UploadLimits): ServiceError {
  return new ServiceError(
    'REQUEST_TOO_LARGE',
    `The upload is too large: at most ${limits.maxFiles} files of ${inWords(limits.maxFileBytes)} each. Send fewer at once.`,
  );
}

function list(files: readonly Express.Multer.File[]): string {
  return files.map(({ originalname }) => JSON.stringify(originalname)).join(', ');
}

/** A number of bytes as a person would say it, exactly. */
function inWords(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${bytes} bytes`;
}
