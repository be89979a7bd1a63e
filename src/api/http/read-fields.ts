import express, { type Request, type RequestHandler, type Response } from 'express';
import multer from 'multer';
import { ServiceError } from '../../shared/errors.ts';
import { refuseContentEncoding } from './content-encoding.ts';

/** Maximum bytes of a body without files. */
export const MAX_BODY_BYTES = 64 * 1024;

/** Maximum fields of a form: more than there are options. */
const MAX_FIELDS = 200;

const accepted = ['application/json', 'multipart/form-data', 'application/x-www-form-urlencoded'];

/** Reads the fields of a request; see {@link createFieldReader}. */
export type FieldReader = (req: Request, res: Response) => Promise<Record<string, unknown>>;

/**
 * Creates a function that reads the body of a request without files: a JSON object, or the fields of a form. Without a body there are no
 * fields. It returns values by name. In a form all values are text, and a repeated field is an array.
 *
 * It throws a {@link ServiceError}: `CONTENT_ENCODING_UNSUPPORTED`, `BODY_TYPE_UNSUPPORTED`, `BODY_TOO_LARGE` or `BAD_REQUEST`.
 *
 * @param maxBytes maximum size of the body
 */
export function createFieldReader(maxBytes: number): FieldReader {
  // Each parser ignores bodies of other types.
  const parsers: readonly RequestHandler[] = [
    express.json({ limit: maxBytes, inflate: false }),
    express.urlencoded({ limit: maxBytes, extended: false, parameterLimit: MAX_FIELDS, inflate: false }),
    multer({ limits: { fields: MAX_FIELDS, fieldSize: maxBytes, headerPairs: 32, files: 0 } }).none(),
  ];
  return async (req, res) => {
    const { 'content-length': length = '0', 'transfer-encoding': coding } = req.headers;
    if (length === '0' && coding === undefined) return {};
    refuseContentEncoding(req);
    if (!req.is(accepted)) throw new ServiceError('BODY_TYPE_UNSUPPORTED', [accepted]);
    for (const parse of parsers) {
      await new Promise<void>((resolve, reject) => {
        void parse(req, res, (error: unknown) => (error ? reject(toBodyError(error as Error, maxBytes)) : resolve()));
      });
    }
    const body: unknown = req.body ?? {};
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body };
    throw new ServiceError('BAD_REQUEST', ['The body must be a JSON object, such as {"width": 300}.']);
  };
}

/** Reads the fields of a request with a body of the usual size. */
export const readFields = createFieldReader(MAX_BODY_BYTES);

function toBodyError(cause: Error & { status?: number; code?: string }, maxBytes: number): ServiceError {
  if (cause.status === 413 || cause.code?.startsWith('LIMIT_FIELD')) {
    return new ServiceError('BODY_TOO_LARGE', [maxBytes], { cause });
  }
  return new ServiceError('BAD_REQUEST', [`The body could not be read: ${cause.message}.`], { cause });
}
