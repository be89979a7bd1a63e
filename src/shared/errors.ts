/**
 * Every fault that a client can meet: its stable code and the HTTP status it is answered with.
 * Codes are part of the contract; a released one never changes its meaning.
 */
export const problemStatuses = {
  MULTIPART_REQUIRED: 415,
  MALFORMED_MULTIPART: 400,
  FILE_REQUIRED: 400,
  UNEXPECTED_FIELD: 400,
  TOO_MANY_FILES: 400,
  EMPTY_FILE: 400,
  INVALID_OPTION: 400,
  INVALID_IDEMPOTENCY_KEY: 400,
  INVALID_PARAMETER: 400,
  UNAUTHORIZED: 401,
  FILE_TOO_LARGE: 413,
  REQUEST_TOO_LARGE: 413,
  UNSUPPORTED_IMAGE_TYPE: 415,
  CONTENT_ENCODING_UNSUPPORTED: 415,
  BATCH_NOT_FOUND: 404,
  JOB_NOT_FOUND: 404,
  VARIANT_NOT_FOUND: 404,
  JOB_NOT_FINISHED: 409,
  JOB_FAILED: 409,
  BATCH_NOT_FINISHED: 409,
  IDEMPOTENCY_KEY_IN_USE: 409,
  BATCH_REMOVED: 410,
  FILE_GONE: 410,
  PRECONDITION_FAILED: 412,
  RANGE_NOT_SATISFIABLE: 416,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMITED: 429,
  TOO_MANY_STREAMS: 429,
  ROUTE_NOT_FOUND: 404,
  BAD_REQUEST: 400,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  HEADERS_TOO_LARGE: 431,
  INTERNAL_ERROR: 500,
  QUEUE_UNAVAILABLE: 503,
  BACKLOG_FULL: 503,
  DISK_LOW: 503,
  STORAGE_UNAVAILABLE: 503,
  STORAGE_FULL: 507,
} as const;

/** A stable name for what went wrong, for programs to act on. */
export type ProblemCode = keyof typeof problemStatuses;

/** What an answer can say beside its code and its detail. */
export interface ProblemMembers {
  /** When a batch was removed, in ISO 8601. */
  removedAt?: string;
}

/** An error whose message is meant for the client: what was wrong, with what, and what to do. */
export class ServiceError extends Error {
  override name = 'ServiceError';
  readonly code: ProblemCode;
  /** HTTP status of the answer. */
  readonly status: number;
  /** HTTP header fields that belong to the answer, such as `Retry-After` in seconds. */
  readonly headers: Record<string, string>;
  /** Further members of the answer's body (RFC 9457, section 3.2). */
  readonly members: ProblemMembers;

  /**
   * @param code what kind of fault it is
   * @param detail a sentence for the person who made the request
   * @param options `cause` for the log alone; `headers` and `members` for the answer
   */
  constructor(
    code: ProblemCode,
    detail: string,
    options: { cause?: unknown; headers?: Record<string, string>; members?: ProblemMembers } = {},
  ) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.status = problemStatuses[code];
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
  }
}
