import { createHash } from 'node:crypto';
import { SIGNATURE_BYTES } from '../../imaging/formats.ts';
import { hashing } from '../../shared/hashing.ts';
import type { IncomingUpload } from '../../storage/storage.ts';

/** A file that is stored in an upload. */
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

/**
 * Stores one file, and hashes it on the way if its digest is requested.
 *
 * @param index position of the file in the upload, from 0
 * @throws any error of `content`, and {@link ServiceError} if the file cannot be stored
 */
export async function storeFile(
  incoming: IncomingUpload,
  index: number,
  content: AsyncIterable<Buffer>,
  withDigest: boolean,
): Promise<Omit<ReceivedFile, 'originalName'>> {
  const hash = withDigest ? createHash('sha256') : undefined;
  const stored = await incoming.add(index, hash ? hashing(content, hash) : content, SIGNATURE_BYTES);
  return { ...stored, digest: hash?.digest('hex') };
}
