import type { Request } from 'express';
import { ServiceError } from '../../shared/errors.ts';

/**
 * Refuses a body with a content coding, such as gzip (RFC 9110, section 15.5.16). The service never decompresses a body.
 *
 * @throws {ServiceError} `CONTENT_ENCODING_UNSUPPORTED`
 */
export function refuseContentEncoding(req: Request): void {
  const coding = req.get('Content-Encoding') ?? '';
  if (coding.split(',').every((name) => ['', 'identity'].includes(name.trim().toLowerCase()))) return;
  throw new ServiceError('CONTENT_ENCODING_UNSUPPORTED', [coding], { headers: { 'Accept-Encoding': 'identity' } });
}
