import { createHash, type Hash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { Request, Response } from 'express';
import multer from 'multer';
import { SIGNATURE_BYTES } from '../../imaging/formats.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { IncomingUpload } from '../../storage/storage.ts';
import { createPartCounter } from './part-counter.ts';
import { malformed, tooLarge, toUploadError } from './upload-errors.ts';
import { FILES_FIELD, maxRequestBytes, TEXT_BYTES, type UploadLimits } from './upload-limits.ts';

/** Milliseconds for which a client may send nothing in the middle of its upload. */
const UPLOAD_IDLE_TIMEOUT_MS = 15_000;

/** A file of a form, stored in the upload. */
export interface ReceivedFile {
  /** As the client wrote it. */
  originalName: string;
  /** Bytes. */
  size: number;
  /** Its first bytes, by which its format is detected. */
  head: Uint8Array;
  /** SHA-256 in hexadecimal, if digests were requested. */
  digest: string | undefined;
}

/** Fields that the storage engine below adds to multer's file. */
type StoredPart = Pick<ReceivedFile, 'size' | 'head' | 'digest'>;

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
    const { timeout: usualTimeout = 0 } = req.socket;
    req.once('close', () => req.socket.setTimeout(usualTimeout));
    const counter = createPartCounter(req.get('Content-Type') ?? '');
    // The parser accepts `boundary=""`, and then skips parts that are not counted.
    if (!counter.hasBoundary) return reject(malformed('its Content-Type cannot be understood'));
    let understood = 0;
    let nameless: string | undefined;
    const options: multer.Options & StreamHandler = {
      storage: {
        _handleFile(_req, file, done) {
          const write = store(incoming, writes.length, file.stream, withDigests);
          writes.push(write);
          write.then((part) => done(null, part), done);
        },
        // The caller discards the whole upload.
        _removeFile: (_req, _file, done) => done(null),
      },
      limits: {
        files: limits.maxFiles,
        fileSize: limits.maxFileBytes,
        fields: 32,
        fieldSize: TEXT_BYTES,
        headerPairs: 32,
      },
      // Keeps names as the client wrote them: in UTF-8, with their slashes and backslashes.
      defParamCharset: 'utf8',
      preservePath: true,
      // multer has no limit for the whole body, and reads it to its end before it reports an error.
      streamHandler(_req, parser) {
        let received = 0;
        const giveUp = (error: ServiceError) => {
          req.unpipe(parser);
          // Also ends the file that is being written.
          parser.destroy(error);
          reject(error);
        };
        req.setTimeout(UPLOAD_IDLE_TIMEOUT_MS, () =>
          giveUp(tooSlow(`for ${UPLOAD_IDLE_TIMEOUT_MS / 1000} seconds nothing of it arrived`)),
        );
        const limit = setTimeout(
          () => giveUp(tooSlow(`it had not arrived after ${limits.requestTimeoutMs / 1000} seconds`)),
          limits.requestTimeoutMs,
        );
        req.once('close', () => clearTimeout(limit));
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
          received += chunk.length;
          if (received > maxRequestBytes(limits)) giveUp(tooLarge(limits));
        });
        req.pipe(parser);
      },
    };
    // curl sends `Expect: 100-continue` with large bodies. All checks of the headers are done by now.
    if (/100-continue/i.test(req.headers.expect ?? '')) res.writeContinue();
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

/** Stores one file, and hashes it on the way if its digest is requested. */
async function store(
  incoming: IncomingUpload,
  index: number,
  content: Readable,
  withDigest: boolean,
): Promise<StoredPart> {
  const hash = withDigest ? createHash('sha256') : undefined;
  const stored = await incoming.add(index, hash ? hashing(content, hash) : content, SIGNATURE_BYTES);
  return { ...stored, digest: hash?.digest('hex') };
}

function tooSlow(reason: string): ServiceError {
  return new ServiceError('REQUEST_TIMEOUT', [reason]);
}

async function* hashing(content: AsyncIterable<Buffer>, digest: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    digest.update(chunk);
    yield chunk;
  }
}

/** multer reports an error of the storage as one of the file's stream. Only the write has the storage's own error. */
async function storageErrorOf(writes: readonly Promise<StoredPart>[]): Promise<ServiceError | undefined> {
  const reasons = (await Promise.allSettled(writes)).map((write) => write.status === 'rejected' && write.reason);
  return reasons.find((reason) => reason instanceof ServiceError);
}
