import type { Request } from 'express';
import { ServiceError } from '../../shared/errors.ts';

/** Maximum number of characters of a key. */
const MAX_LENGTH = 255;
/** A string (RFC 8941, section 3.3.3), with or without the quotes. Many clients send none. */
const KEY = /^(?:"((?:[ !#-[\]-~]|\\["\\])+)"|([!#-~]+))$/;

/**
 * Reads the `Idempotency-Key` of a request (draft-ietf-httpapi-idempotency-key-header).
 *
 * @returns `undefined` if the header is absent
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
