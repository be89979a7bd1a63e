import { AsyncImagesError } from './errors.ts';
import type { Http } from './http.ts';
import type { AcceptedBatch, BatchList, BatchQuery, BatchStatus, UploadOptions } from './types.ts';
import { watchBatch } from './watch-batch.ts';

/** Options of each request. */
export interface RequestOptions {
  signal?: AbortSignal | undefined;
}

/** The batches of the client. */
export interface Batches {
  /** Returns a page of the list, newest first. Its `cursor` leads to the next page. */
  list(query?: Omit<BatchQuery, 'limit'> & { limit?: number }, options?: RequestOptions): Promise<BatchList>;
  /** Returns the status. With `waitSeconds` the service responds when the batch has ended, or after that time. */
  get(batchId: string, options?: RequestOptions & { waitSeconds?: number }): Promise<BatchStatus>;
  /** Yields the status at each change, until the batch has ended. */
  watch(batchId: string, options?: RequestOptions): AsyncGenerator<BatchStatus>;
  /** Ends the files that have not ended. They fail with the code `CANCELLED`. */
  cancel(batchId: string, options?: RequestOptions): Promise<BatchStatus>;
  /** Makes a new batch of all files that failed, or of those at the given positions. */
  retry(batchId: string, options?: RequestOptions & { files?: readonly number[] }): Promise<AcceptedBatch>;
  /** Makes a new batch of all files, or of those at the given positions, with other options. */
  reprocess(
    batchId: string,
    changes: UploadOptions & { files?: readonly number[] },
    options?: RequestOptions,
  ): Promise<AcceptedBatch>;
  /** Deletes the batch with its files. */
  delete(batchId: string, options?: RequestOptions): Promise<void>;
  /** Deletes the original and the results of one file that has ended. It stays in its batch, with `deletedAt`. */
  deleteFile(jobId: string, options?: RequestOptions): Promise<void>;
}

/** Creates the requests about batches. */
export function createBatches(http: Http): Batches {
  const pathOf = (batchId: string) => `/batches/${encodeURIComponent(batchId)}`;
  const read = async (response: Response) => response.json();
  const copy = (batchId: string, kind: 'retry' | 'reprocess', changes: object, signal?: AbortSignal) => {
    // The key makes it safe to send the request again after a network error.
    const headers = { 'Idempotency-Key': crypto.randomUUID(), 'Content-Type': 'application/json' };
    const makeBody = () => ({ body: JSON.stringify(changes) });
    return http.send(`${pathOf(batchId)}/${kind}`, { method: 'POST', headers, makeBody, signal }, read);
  };

  return {
    list(query = {}, { signal } = {}) {
      const given = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, String(value)]],
      );
      return http.send(`/batches?${new URLSearchParams(given)}`, { signal }, read);
    },
    get(batchId, { waitSeconds, signal } = {}) {
      const headers: Record<string, string> = waitSeconds === undefined ? {} : { Prefer: `wait=${waitSeconds}` };
      return http.send(pathOf(batchId), { headers, signal }, read);
    },
    watch: (batchId, { signal } = {}) => watchBatch(http, batchId, signal),
    cancel: (batchId, { signal } = {}) => http.send(`${pathOf(batchId)}/cancel`, { method: 'POST', signal }, read),
    retry: (batchId, { files, signal } = {}) => copy(batchId, 'retry', { files }, signal),
    reprocess: (batchId, changes, { signal } = {}) => copy(batchId, 'reprocess', changes, signal),
    async delete(batchId, { signal } = {}) {
      let attempts = 0;
      const makeBody = () => {
        attempts += 1;
        return {};
      };
      try {
        await http.send(pathOf(batchId), { method: 'DELETE', makeBody, signal }, () => undefined);
      } catch (error) {
        // An earlier attempt has deleted it, but its response was lost.
        if (!(attempts > 1 && error instanceof AsyncImagesError && error.code === 'BATCH_REMOVED')) throw error;
      }
    },
    deleteFile: (jobId, { signal } = {}) =>
      http.send(`/jobs/${encodeURIComponent(jobId)}`, { method: 'DELETE', signal }, () => undefined),
  };
}
