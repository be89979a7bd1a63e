/** An error of the service, of the connection to it, or of an input. The message says what was wrong and what to do. */
export class AsyncImagesError extends Error {
  override name = 'AsyncImagesError';
  /**
   * The `code` of the service (https://www.rfc-editor.org/rfc/rfc9457), or one of the client: `NETWORK_ERROR`, `INVALID_RESPONSE`,
   * `INPUT_UNREADABLE`, `WEBHOOK_INVALID`.
   */
  readonly code: string;
  /** HTTP status, if there was a response. */
  readonly status: number | undefined;
  /** Names the request in the log of the service. */
  readonly requestId: string | undefined;
  /** Seconds after which the service wants the request again. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: string,
    message: string,
    details: {
      status?: number;
      requestId?: string | undefined;
      retryAfterSeconds?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

const RETRIED_STATUSES = [408, 429, 502, 503, 504, 507];

/** Whether the same request can succeed later. */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof AsyncImagesError)) return false;
  if (error.status === undefined) return error.code === 'NETWORK_ERROR';
  return RETRIED_STATUSES.includes(error.status) || error.code === 'IDEMPOTENCY_KEY_IN_USE';
}

/** Whether the batch or its files no longer exist on the service. */
export function isGone(error: unknown): boolean {
  const codes = ['BATCH_NOT_FOUND', 'BATCH_REMOVED', 'JOB_NOT_FOUND', 'FILE_DELETED', 'FILE_GONE'];
  return error instanceof AsyncImagesError && codes.includes(error.code);
}

/** Reads the error of a response whose status is 400 or above. */
export async function errorOf(response: Response): Promise<AsyncImagesError> {
  const text = await response.text().catch(() => '');
  const { code, detail } = parseProblem(text);
  return new AsyncImagesError(
    code ?? 'INVALID_RESPONSE',
    detail ?? `The server responded ${response.status}, but not as an async image service does. Check the address.`,
    {
      status: response.status,
      requestId: response.headers.get('x-request-id') ?? undefined,
      retryAfterSeconds: retryAfterSeconds(response),
    },
  );
}

/** Reads `Retry-After` of a response, in seconds or as a date (RFC 9110, section 10.2.3). */
export function retryAfterSeconds(response: Response): number | undefined {
  const header = response.headers.get('retry-after');
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

function parseProblem(text: string): { code?: string; detail?: string } {
  try {
    const { code, detail } = JSON.parse(text) as Record<string, unknown>;
    return typeof code === 'string' && typeof detail === 'string' ? { code, detail } : {};
  } catch {
    return {};
  }
}
