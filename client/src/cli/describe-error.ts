import { AsyncImagesError } from '../errors.ts';

/** Describes an error for a person: what was wrong, and what to do. */
export function describeError(error: unknown, url: string): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof AsyncImagesError)) return error.message;
  if (error.code === 'NETWORK_ERROR') {
    const { code } = ((error.cause as Error | undefined)?.cause ?? {}) as { code?: string };
    const reason = code === undefined ? '' : ` (${code})`;
    return (
      `The service at ${url} cannot be reached${reason}. Start it with "npm run up" in its folder, ` +
      'or give another address with --url or ASYNC_IMAGES_URL.'
    );
  }
  if (error.code === 'UNAUTHORIZED') return `${error.message} Give it with --api-key or ASYNC_IMAGES_API_KEY.`;
  // The key of a batch is derived from the contents that the journal has.
  if (error.code === 'IDEMPOTENCY_KEY_REUSED')
    return 'A file was changed while it was sent. Run the same command again.';
  const request = error.requestId && (error.status ?? 0) >= 500 ? ` (request ${error.requestId})` : '';
  return `${error.message}${request}`;
}
