import type { Readable, Writable } from 'node:stream';
import type { Request, Response } from 'express';
import multer from 'multer';
import type { IncomingUpload } from '../../storage/originals.ts';
import { createPartCounter } from './part-counter.ts';
import { malformed, tooLarge, toUploadError } from './upload-errors.ts';
import { FILES_FIELD, maxRequestBytes, TEXT_BYTES, type UploadLimits } from './upload-limits.ts';

/** multer's own option, which its types do not know yet. */
interface StreamHandler {
  streamHandler: (req: Request, parser: Writable) => void;
}

/**
 * Has multer read a form, each file straight to its place in the upload, and adds what multer does not do: a limit of the
 * whole, and an error for what it would pass over.
 *
 * @param writes filled with the writing of each file, which goes on for a moment after a fault
 * @throws {ServiceError} for every fault of the form
 */
export function parseForm(
  req: Request,
  res: Response,
  { incoming, writes, limits }: { incoming: IncomingUpload; writes: Promise<number>[]; limits: UploadLimits },
): Promise<Express.Multer.File[]> {
  return new Promise((resolve, reject) => {
    // multer hears of a client that hangs up from now on; one that is gone already would never be heard of again.
    const onGone = () => reject(malformed('the connection was closed before its end'));
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
