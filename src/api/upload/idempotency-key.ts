import type { Request } from 'express';
import { ServiceError } from '../../shared/errors.ts';

/** Characters of a key, at most. */
const MAX_LENGTH = 255;
/** A string of RFC 8941, section 3.3.3, or the same without its quotes, as many clients send it. */
const KEY = /^(?:"((?:[ !#-[\]-~]|\\["\\])+)"|([!#-~]+))$/;

/**
 * Reads the `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header).
 *
 * @returns `undefined` when there is none
 * @throws {ServiceError} `INVALID_IDEMPOTENCY_KEY`
 */
export function idempotencyKey(req: Request): string | undefined {
  const header = req.get('Idempotency-Key');
  if (header === undefined) return undefined;
  const [, quoted, plain] = KEY.exec(header.trim()) ?? [];
  const key = quoted?.replace(/\\(.)/g, '$1') ?? plain;
  if (key !== undefined && key.length <= MAX_LENGTH) return key;
  throw new ServiceError('INVALID_IDEMPOTENCY_KEY', [MAX_LENGTH]);
}
