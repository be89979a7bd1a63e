/** A kind of error that a client can receive. */
interface ErrorType<Params extends unknown[]> {
  /** HTTP status of the response. */
  status: number;
  /** Writes the sentence for the person who made the request: what was wrong, with what, and what to do. */
  detail: (...params: Params) => string;
  /** Parameters of the example in the documentation. */
  example: Params;
}

function type<Params extends unknown[]>(
  status: number,
  detail: (...params: Params) => string,
  ...example: NoInfer<Params>
): ErrorType<Params> {
  return { status, detail, example };
}

const quote = JSON.stringify;
const again = (seconds: number) => `Try again in ${seconds} seconds.`;
const exampleJob = '550e8400-e29b-41d4-a716-446655440000-0';
const exampleBatch = exampleJob.slice(0, -2);

/**
 * Every error that a client can receive, by its code, with the text of its `detail`.
 * Codes are part of the contract: a released one never changes its meaning.
 */
export const errorTypes = {
  MULTIPART_REQUIRED: type(
    415,
    () =>
      'Send the files as multipart/form-data in the field "images", as in: curl -F images=@photo.jpg … ' +
      'Or send one image as the body, with its media type in Content-Type, or JSON with URLs.',
  ),
  MALFORMED_MULTIPART: type(
    400,
    (reason: string) => `The form could not be read: ${reason}. Let your client build it, as curl -F does.`,
    'Unexpected end of form',
  ),
  FILE_REQUIRED: type(400, () => 'There is no file in the field "images". Send at least one.'),
  UNEXPECTED_FIELD: type(
    400,
    ({ field, isFile, textFields = [] }: { field: string; isFile: boolean; textFields?: readonly string[] }) => {
      if (isFile) return `There is a file in the field ${quote(field)}. Files belong in the field "images".`;
      if (field === 'images') {
        return 'The field "images" holds text, not a file. With curl, put an @ before the path: -F images=@photo.jpg';
      }
      return `The field ${quote(field)} is unknown. Send files in the field "images", and as text only ${textFields.join(', ')}.`;
    },
    { field: 'photo', isFile: true },
  ),
  TOO_MANY_FILES: type(
    400,
    (maxFiles: number) => `More than ${maxFiles} files in one upload. Send them in several.`,
    10,
  ),
  EMPTY_FILE: type(
    400,
    (files: readonly string[]) => `${list(files)} has no content. Leave empty files out and send the rest again.`,
    ['empty.jpg'],
  ),
  INVALID_OPTION: type(400, (problems: readonly string[]) => `${problems.join('; ')}. See /docs for every option.`, [
    'width must be a whole number from 1 to 4096',
  ]),
  INVALID_IDEMPOTENCY_KEY: type(
    400,
    (maxLength: number) =>
      `The Idempotency-Key must be one string of 1 to ${maxLength} ASCII characters, such as a random UUID, in double quotes or without.`,
    255,
  ),
  INVALID_PARAMETER: type(
    400,
    (problems: readonly string[], known: readonly string[]) =>
      `${problems.join('; ')}. The address takes these parameters: ${known.join(', ')}.`,
    ['"varient" is unknown'],
    ['variant', 'download'],
  ),
  UNAUTHORIZED: type(
    401,
    (problem: 'no key' | 'unknown key' | 'key in the address' | 'no password') => {
      if (problem === 'no password') return 'Give any user name, and the ADMIN_PASSWORD of this service.';
      const problems = {
        'no key': 'This service requires an API key',
        'unknown key': 'This service does not know this API key',
        'key in the address':
          'This service requires an API key in a header, and accepts none in the address, which may end up in logs',
      };
      return (
        `${problems[problem]}. Send yours as "Authorization: Bearer <key>" or "X-API-Key: <key>". ` +
        'The operator of the service hands them out.'
      );
    },
    'no key',
  ),
  IMPORTS_DISABLED: type(
    403,
    () => 'This service imports no files by URL. Upload the files, or ask its operator to set IMPORT_HOSTS.',
  ),
  LINKS_DISABLED: type(
    403,
    (setting: 'LINK_SECRET' | 'PUBLIC_URL') =>
      setting === 'LINK_SECRET'
        ? 'This service signs no links. Its operator must set LINK_SECRET first.'
        : 'This service cannot write links into webhooks, since it has no public address. Its operator must set PUBLIC_URL first.',
    'LINK_SECRET',
  ),
  LINK_INVALID: type(
    403,
    () =>
      'This link was changed or cut off, or its secret was replaced. Use the whole link as you got it, or ask its sender for a new one.',
  ),
  LINK_EXPIRED: type(
    403,
    (expiredAt: string) => `This link expired at ${expiredAt}. Ask its sender for a new one.`,
    '2026-11-30T06:00:00.000Z',
  ),
  FILE_TOO_LARGE: type(
    413,
    (file: string, maxBytes: number) =>
      `${quote(file)} is larger than ${formatBytes(maxBytes)}, the limit for one file. Make it smaller and send all again.`,
    'huge.png',
    5 * 1024 * 1024,
  ),
  REQUEST_TOO_LARGE: type(
    413,
    (maxFiles: number, maxFileBytes: number) =>
      `The upload is too large: at most ${maxFiles} files of ${formatBytes(maxFileBytes)} each. Send fewer at once.`,
    10,
    5 * 1024 * 1024,
  ),
  UNSUPPORTED_IMAGE_TYPE: type(
    415,
    (files: readonly string[], accepted: readonly string[]) =>
      `${list(files)} is not an image of an accepted type (${accepted.join(', ')}). The content decides, not the name. ` +
      'Leave it out and send the rest again.',
    ['notes.jpg'],
    ['JPEG', 'PNG', 'WebP', 'GIF', 'AVIF'],
  ),
  BODY_TYPE_UNSUPPORTED: type(
    415,
    (accepted: readonly string[]) =>
      `The type of the body is not supported. Send none, or one of: ${accepted.join(', ')}.`,
    ['application/json', 'multipart/form-data', 'application/x-www-form-urlencoded'],
  ),
  BODY_TOO_LARGE: type(
    413,
    (maxBytes: number) => `The body is larger than ${maxBytes} bytes, the limit for a body without files.`,
    64 * 1024,
  ),
  CONTENT_ENCODING_UNSUPPORTED: type(
    415,
    (coding: string) =>
      `The body is encoded as ${quote(coding)}. Send it without Content-Encoding: images are compressed already.`,
    'gzip',
  ),
  BATCH_NOT_FOUND: type(404, (batchId: string) => `There is no batch ${quote(batchId)}. Check the id.`, exampleBatch),
  JOB_NOT_FOUND: type(404, (jobId: string) => `There is no job ${quote(jobId)}. Check the id.`, exampleJob),
  VARIANT_NOT_FOUND: type(
    404,
    (variant: string, known: readonly string[]) =>
      `There is no variant ${quote(variant)}. ` +
      (known.length > 0 ? `There are: ${known.join(', ')}.` : 'This upload has no variants; leave the parameter out.'),
    'huge',
    ['thumb', 'large'],
  ),
  WEBHOOK_NOT_FOUND: type(
    404,
    () => 'This batch has no webhook. Send the field webhook with an upload, a retry or a reprocess.',
  ),
  JOB_NOT_FINISHED: type(
    409,
    (state: string, url: string) => `The job is ${state}. Try again, or wait with Prefer: wait=30 at ${url}.`,
    'active',
    `/jobs/${exampleJob}`,
  ),
  JOB_FAILED: type(
    409,
    (reason: string) => `There is no result: this file could not be processed (${reason}).`,
    'truncated JPEG',
  ),
  BATCH_NOT_FINISHED: type(
    409,
    (status: string, url: string) => `The batch is ${status}. Try again, or wait with Prefer: wait=30 at ${url}.`,
    'processing',
    `/batches/${exampleBatch}`,
  ),
  NOTHING_FAILED: type(
    409,
    () => 'No file of this batch has failed, so there is nothing to retry. Use reprocess to process its files again.',
  ),
  BATCH_FINISHED: type(
    409,
    (status: string, url: string) => `The batch had ended before (${status}), so it cannot be cancelled. See ${url}.`,
    'completed',
    `/batches/${exampleBatch}`,
  ),
  IDEMPOTENCY_KEY_IN_USE: type(
    409,
    () =>
      'The service is still receiving an upload with this Idempotency-Key. Wait for its response, or send this again in a second.',
  ),
  BATCH_REMOVED: type(
    410,
    (removedAt: string | undefined) =>
      `This batch was deleted, with its files${removedAt === undefined ? '' : `, at ${removedAt}`}.`,
    '2026-11-30T06:00:00.000Z',
  ),
  FILE_DELETED: type(
    410,
    (deleted: { deletedAt: string } | { positions: readonly number[] }) =>
      'deletedAt' in deleted
        ? `This file was deleted, with its original and its results, at ${deleted.deletedAt}.`
        : `The files at these positions were deleted, so they cannot be processed again: ${deleted.positions.join(', ')}.`,
    { deletedAt: '2026-11-30T06:00:00.000Z' },
  ),
  FILE_GONE: type(
    410,
    (file: 'original' | 'file') => `The ${file} is no longer there: someone has deleted it from the storage.`,
    'file',
  ),
  PRECONDITION_FAILED: type(412, () => 'The file is not the one that If-Match or If-Unmodified-Since names.'),
  RANGE_NOT_SATISFIABLE: type(
    416,
    (range: string | undefined) => `The file does not have that range${range ? ` (${range})` : ''}.`,
    'bytes */24518',
  ),
  IDEMPOTENCY_KEY_REUSED: type(
    422,
    () =>
      'This Idempotency-Key was used for another upload. Use a new key for each upload, and the same key only to repeat an upload.',
  ),
  RATE_LIMITED: type(
    429,
    (limit: { perMinute: number; of: string } | { passwordRetrySeconds: number }) =>
      'perMinute' in limit
        ? `More than ${limit.perMinute} ${limit.of} in a minute. Wait for as many seconds as Retry-After says.`
        : `Too many attempts with a wrong password. ${again(limit.passwordRetrySeconds)}`,
    { perMinute: 60, of: 'uploads' },
  ),
  TOO_MANY_STREAMS: type(
    429,
    () =>
      'This client already holds as many event streams and waiting requests open as it may. Close some, or poll the batch.',
  ),
  ROUTE_NOT_FOUND: type(404, (path: string) => `There is no ${path} here. See /docs for the endpoints.`, '/nowhere'),
  BAD_REQUEST: type(
    400,
    (problem: string) => problem,
    'The service could not understand the request. Check its address and headers.',
  ),
  METHOD_NOT_ALLOWED: type(
    405,
    (method: string, path: string, allowed: string) => `${path} does not support ${method}. Use ${allowed}.`,
    'DELETE',
    '/healthz',
    'GET, HEAD',
  ),
  REQUEST_TIMEOUT: type(
    408,
    (reason: string) => `The upload took too long: ${reason}. Send it again when the connection is better.`,
    'for 15 seconds nothing of it arrived',
  ),
  HEADERS_TOO_LARGE: type(431, () => 'The address and the headers of the request are too long. Send less in them.'),
  INTERNAL_ERROR: type(
    500,
    (problem: { requestId: string } | { unreadableBatch: string } | 'unreadable key') => {
      if (problem === 'unreadable key') {
        return (
          'This version of the service cannot read what is stored under this Idempotency-Key, so it cannot tell whether the ' +
          'upload was accepted before. If it was not, send it with another key.'
        );
      }
      if ('requestId' in problem) {
        return `The service failed unexpectedly. Its log has the cause under request ${problem.requestId}.`;
      }
      return (
        'This version of the service cannot read what is stored about this batch: it is broken, or a newer version wrote it. ' +
        `Contact the operator, or delete the batch (DELETE /batches/${problem.unreadableBatch}) and upload its files again.`
      );
    },
    { requestId: '0b9f4a52-6c5e-4c63-9a3c-0f7f3b1f6a11' },
  ),
  QUEUE_UNAVAILABLE: type(
    503,
    (seconds: number) => `The service cannot reach its job queue (Redis) at the moment. ${again(seconds)}`,
    2,
  ),
  BACKLOG_FULL: type(
    503,
    (waiting: number, max: number, seconds: number) =>
      `${waiting} files are waiting, and this service lets no more than ${max} wait. ${again(seconds)}`,
    100_024,
    100_000,
    3,
  ),
  DISK_LOW: type(503, (seconds: number) => `The disk of this service is nearly full. ${again(seconds)}`, 60),
  STORAGE_UNAVAILABLE: type(
    503,
    (problem: string, seconds: number) => `The service ${problem}. ${again(seconds)}`,
    'could not store the upload (EIO)',
    10,
  ),
  STORAGE_FULL: type(
    507,
    (problem: string, seconds: number) => `The service ${problem}: its storage is full. ${again(seconds)}`,
    'could not store the upload (ENOSPC)',
    60,
  ),
};

/** A stable name for an error, for programs to act on. */
export type ErrorCode = keyof typeof errorTypes;

/** Members of the response's body beside `code` and `detail` (RFC 9457, section 3.2). */
export interface ErrorMembers {
  /** When the batch was deleted, in ISO 8601. */
  removedAt?: string;
  /** When the file was deleted, in ISO 8601. */
  deletedAt?: string;
}

/** Parameters of the `detail` of an error. */
type DetailParams<Code extends ErrorCode> = Parameters<(typeof errorTypes)[Code]['detail']>;

/** An error whose message is the `detail` of the response. */
export class ServiceError<Code extends ErrorCode = ErrorCode> extends Error {
  override name = 'ServiceError';
  readonly code: Code;
  /** HTTP status of the response. */
  readonly status: number;
  /** Seconds after which the client can try again. */
  readonly retryAfterSeconds: number | undefined;
  /** Further header fields of the response, such as `WWW-Authenticate`. */
  readonly headers: Record<string, string>;
  readonly members: ErrorMembers;

  /**
   * @param params of the error's `detail` in {@link errorTypes}
   * @param options `cause` is only logged; the others become part of the response
   */
  constructor(
    code: Code,
    params: DetailParams<Code>,
    options: {
      cause?: unknown;
      retryAfterSeconds?: number;
      headers?: Record<string, string>;
      members?: ErrorMembers;
    } = {},
  ) {
    const { status, detail } = errorTypes[code] as unknown as ErrorType<unknown[]>;
    super(detail(...params), { cause: options.cause });
    this.code = code;
    this.status = status;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
  }
}

/** The `detail` of the example of an error. */
export function exampleDetail(code: ErrorCode): string {
  const { detail, example } = errorTypes[code] as unknown as ErrorType<unknown[]>;
  return detail(...example);
}

function list(names: readonly string[]): string {
  return names.map((name) => quote(name)).join(', ');
}

/** Writes a number of bytes for people, such as `5 MiB`. */
export function formatBytes(count: number): string {
  const kibibytes = count / 1024;
  if (Number.isInteger(kibibytes / 1024)) return `${kibibytes / 1024} MiB`;
  return Number.isInteger(kibibytes) ? `${kibibytes} KiB` : `${count} bytes`;
}
