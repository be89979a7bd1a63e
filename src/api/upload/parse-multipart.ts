import type { Readable, Writable } from 'node:stream';
import type { Request, Response } from 'express';
import multer from 'multer';
import { ServiceError } from '../../shared/errors.ts';
import type { IncomingUpload } from '../../storage/storage.ts';
import { batchFieldDescriptions, MAX_TAGS } from './batch-fields.ts';
import { createPartCounter } from './part-counter.ts';
import { pipeBody } from './pipe-body.ts';
import { optionFields } from './read-options.ts';
import { type ReceivedFile, storeFile } from './store-file.ts';
import { malformed, tooLarge, toUploadError } from './upload-errors.ts';
import { FILES_FIELD, maxRequestBytes, TEXT_BYTES, type UploadLimits } from './upload-limits.ts';

/** Maximum text fields of a form: each once, and the tags in repeated fields. */
const MAX_FIELDS = optionFields.length + Object.keys(batchFieldDescriptions).length + MAX_TAGS;

/** Fields that the storage engine below adds to multer's file. */
type StoredPart = Omit<ReceivedFile, 'originalName'>;

/** An option of multer that its types lack. */
interface StreamHandler {
  streamHandler: (req: Request, parser: Writable) => void;
}

/**
 * Parses a form with multer, which streams each file to its place in the upload. Adds what multer lacks: a limit for the whole
 * body, deadlines, and errors for parts that its parser skips.
 *
 * @returns its files, and its text fields by name
 * @throws {ServiceError} for every error of the form; some files may still be written at that time
 */
export function parseMultipart(
  req: Request,
  res: Response,
  { incoming, limits, withDigests }: { incoming: IncomingUpload; limits: UploadLimits; withDigests: boolean },
): Promise<{ files: ReceivedFile[]; fields: Record<string, unknown> }> {
  const writes: Promise<StoredPart>[] = [];
  return new Promise((resolve, reject) => {
    // multer notices a client that hangs up from now on, but not one that has left already.
    const onGone = () => reject(malformed('the connection was closed before its end'));
    res.once('close', onGone);
    if (req.destroyed || res.destroyed) onGone();
    const counter = createPartCounter(req.get('Content-Type') ?? '');
    // The parser accepts `boundary=""`, and then skips parts that are not counted.
    if (!counter.hasBoundary) return reject(malformed('its Content-Type cannot be understood'));
    let understood = 0;
    let nameless: string | undefined;
    const options: multer.Options & StreamHandler = {
      storage: {
        _handleFile(_req, file, done) {
          const write = storeFile(incoming, writes.length, file.stream, withDigests);
          writes.push(write);
          write.then((part) => done(null, part), done);
        },
        // The caller discards the whole upload.
        _removeFile: (_req, _file, done) => done(null),
      },
      limits: {
        files: limits.maxFiles,
        fileSize: limits.maxFileBytes,
        fields: MAX_FIELDS,
        fieldSize: TEXT_BYTES,
        headerPairs: 32,
      },
      // Keeps names as the client wrote them: in UTF-8, with their slashes and backslashes.
      defParamCharset: 'utf8',
      preservePath: true,
      // multer has no limit for the whole body, and reads it to its end before it reports an error.
      streamHandler(_req, parser) {
        parser.on('field', () => {
          understood += 1;
        });
        parser.on('file', (field: string, content: Readable, { filename }: { filename?: string }) => {
          understood += 1;
          // multer skips a part without a file name. A browser sends one, empty, for a file field that was left out.
          if (!filename)
            content.once('data', () => {
              nameless = field;
            });
        });
        req.on('data', (chunk: Buffer) => {
          counter.push(chunk);
        });
        const { requestTimeoutMs } = limits;
        const maxBytes = maxRequestBytes(limits);
        pipeBody(req, res, parser, { maxBytes, requestTimeoutMs, tooLarge: () => tooLarge(limits) }, reject);
      },
    };
    multer(options).array(FILES_FIELD)(req, res, (error: unknown) => {
      if (error) return void storageErrorOf(writes).then((ours) => reject(ours ?? toUploadError(error, limits)));
      if (nameless !== undefined)
        return reject(malformed(`the file in the field ${JSON.stringify(nameless)} has no name`));
      if (counter.strayBoundaries > 0)
        return reject(malformed('a line begins with the boundary but goes on with white space or other text'));
      // The parser skips a part whose headers are invalid.
      if (counter.parts > understood) return reject(malformed('the headers of a part cannot be understood'));
      if (!Array.isArray(req.files)) return reject(malformed('its Content-Type cannot be understood'));
      const files = req.files as (Express.Multer.File & StoredPart)[];
      resolve({
        files: files.map(({ originalname, size, head, digest }) => ({
          originalName: originalname,
          size,
          head,
          digest,
        })),
        fields: { ...req.body },
      });
    });
  });
}

/** multer reports an error of the storage as one of the file's stream. Only the write has the storage's own error. */
async function storageErrorOf(writes: readonly Promise<StoredPart>[]): Promise<ServiceError | undefined> {
  const reasons = (await Promise.allSettled(writes)).map((write) => write.status === 'rejected' && write.reason);
  return reasons.find((reason) => reason instanceof ServiceError);
}
