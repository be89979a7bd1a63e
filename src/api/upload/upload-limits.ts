import type { Config } from '../../shared/config.ts';

/** Where uploads are sent. */
export const UPLOAD_PATH = '/process-images';
/** Form field of the files. */
export const FILES_FIELD = 'images';
/** Bytes that the form itself may take besides its files: boundaries, part headers, text fields. */
const FORM_BYTES = 64 * 1024;
/** Bytes of one text field, at most: enough for the longest list of variants. */
export const TEXT_BYTES = 16 * 1024;

/** Bounds of one upload. */
export type UploadLimits = Pick<Config, 'maxFiles' | 'maxFileBytes' | 'acceptedFormats' | 'requestTimeoutMs'>;

/** Most bytes that the body of an upload can have. */
export function maxRequestBytes({ maxFiles, maxFileBytes }: UploadLimits): number {
  return maxFiles * maxFileBytes + FORM_BYTES;
}
