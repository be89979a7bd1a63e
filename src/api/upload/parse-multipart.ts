import { createHash, type Hash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { Request, Response } from 'express';
import multer from 'multer';
import { SIGNATURE_BYTES } from '../../imaging/formats.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { IncomingUpload } from '../../storage/storage.ts';
import { createPartCounter } from './part-counter.ts';
import { malformed, tooLarge, tooSlow, toUploadError } from './upload-errors.ts';
import { FILES_FIELD, maxRequestBytes, TEXT_BYTES, type UploadLimits } from './upload-limits.ts';

/** Milliseconds for which a client may send nothing in the middle of its upload. */
const UPLOAD_IDLE_TIMEOUT_MS = 15_000;

/** The writing of one file. */
export type Write = ReturnType<IncomingUpload['add']>;

/** multer's own option, which its types do not know yet. */
interface StreamHandler {
  streamHandler: (req: Request, parser: Writable) => void;
}

/**
 * Has multer read a form, each file straight to its place in the upload, and adds what multer does not do: a limit of the
 * whole, and an error for what it would pass over.
 *
 * @param writes filled with the writing of each file, which goes on for a moment after a fault
 * @param digests filled with the SHA-256 of each file, if given
 * @throws {ServiceError} for every fault of the form
 */
export function parseForm(
  req: Request,
  res: Response,
  {
    incoming,
    writes,
    digests,
    limits,
  }: { incoming: IncomingUpload; writes: Write[]; digests: Hash[] | undefined; limits: UploadLimits },
): Promise<Express.Multer.File[]> {
  return new Promise((resolve, reject) => {
    // multer hears of a client that hangs up from now on; one that is gone already would never be heard of again.
    const onGone = () => reject(malformed('the connection was closed before its end'));
    res.once('close', onGone);
    if (req.destroyed || res.destroyed) onGone();
    const { timeout: usualTimeout = 0 } = req.socket;
    req.once('close', () => req.socket.setTimeout(usualTimeout));
    const counter = createPartCounter(req.get('Content-Type') ?? '');
    // The parser would take an empty one, `boundary=""`, and then pass over parts that are not counted.
    if (!counter.hasBoundary) return reject(malformed('its Content-Type cannot be understood'));
    let understood = 0;
    let nameless: string | undefined;
    const options: multer.Options & StreamHandler = {
      storage: {
        _handleFile(_req, file, done) {
          const digest = digests && createHash('sha256');
          if (digest) digests.push(digest);
          const content = digest ? hashing(file.stream, digest) : file.stream;
          const write = incoming.add(writes.length, content, SIGNATURE_BYTES);
          writes.push(write);
          write.then(({ size }) => done(null, { size }), done);
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
        const giveUp = (error: ServiceError) => {
          req.unpipe(parser);
          // Ends also the file that is being written, which is waited for.
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
          // multer passes over a part without a file name. A browser sends such a one, empty, for a field that was left out.
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
    // curl asks before it sends more than a mebibyte; by now there is no reason left to refuse.
    if (/100-continue/i.test(req.headers.expect ?? '')) res.writeContinue();
    multer(options).array(FILES_FIELD)(req, res, (error: unknown) => {
      if (error) return void storageFault(writes).then((fault) => reject(fault ?? toUploadError(error, limits)));
      if (nameless !== undefined)
        return reject(malformed(`the file in the field ${JSON.stringify(nameless)} has no name`));
      if (counter.strayBoundaries > 0)
        return reject(malformed('a line begins with the boundary but goes on with white space or other text'));
      // A part whose headers make no sense would otherwise be missing without a word.
      if (counter.parts > understood) return reject(malformed('the headers of a part cannot be understood'));
      if (!Array.isArray(req.files)) return reject(malformed('its Content-Type cannot be understood'));
      resolve(req.files);
    });
  });
}

async function* hashing(content: AsyncIterable<Buffer>, digest: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    digest.update(chunk);
    yield chunk;
  }
}

/** When the disk breaks, multer hears of it as of a fault of the file's stream; only the writing knows whose fault it was. */
async function storageFault(writes: readonly Write[]): Promise<ServiceError | undefined> {
  const reasons = (await Promise.allSettled(writes)).map((write) => write.status === 'rejected' && write.reason);
  return reasons.find((reason) => reason instanceof ServiceError);
}
