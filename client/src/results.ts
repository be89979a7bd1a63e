import type { Http } from './http.ts';

/** What to download of a file. */
export interface DownloadOptions {
  /** Name of the variant. */
  variant?: string | undefined;
  /** Downloads the file as it was uploaded, instead of a result. */
  original?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Requests a result or an original. The body of the response can be read as a stream. */
export function download(http: Http, jobId: string, options: DownloadOptions = {}): Promise<Response> {
  return readFile(http, jobId, options, (response) => response);
}

/** Requests a result or an original, and again if the connection breaks while it is read. */
export function readFile<T>(
  http: Http,
  jobId: string,
  { variant, original = false, signal }: DownloadOptions,
  read: (response: Response) => T | Promise<T>,
): Promise<T> {
  const query = variant === undefined ? '' : `?variant=${encodeURIComponent(variant)}`;
  return http.send(`/jobs/${encodeURIComponent(jobId)}/${original ? 'original' : `result${query}`}`, { signal }, read);
}
