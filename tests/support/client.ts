import type { BatchListResponse, BatchResponse, JobResponse } from '../../src/api/views/status.ts';
import { until } from './processes.ts';

/** A file to upload: its name and its content. */
export type File = readonly [name: string, content: Buffer | string];

/** Builds a multipart form with all files in one field. */
export function form(files: readonly File[], field = 'images'): FormData {
  const body = new FormData();
  for (const [name, content] of files)
    body.append(field, new Blob([typeof content === 'string' ? content : new Uint8Array(content)]), name);
  return body;
}

/** Uploads files and returns the response, whatever its status. */
export function post(api: string, files: readonly File[], field?: string): Promise<Response> {
  return fetch(`${api}/process-images`, { method: 'POST', body: form(files, field) });
}

/**
 * Uploads files.
 *
 * @returns the batch id
 * @throws Error when the upload is refused
 */
export async function upload(api: string, ...files: File[]): Promise<string> {
  const response = await post(api, files);
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
  return ((await response.json()) as { batchId: string }).batchId;
}

export async function readBatch(api: string, batchId: string, init?: RequestInit): Promise<BatchResponse> {
  return statusIn(await fetch(`${api}/batches/${batchId}`, init));
}

async function statusIn(response: Response): Promise<BatchResponse> {
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return response.json() as Promise<BatchResponse>;
}

export async function readJob(api: string, jobId: string): Promise<JobResponse> {
  return (await fetch(`${api}/jobs/${jobId}`)).json() as Promise<JobResponse>;
}

/** Lists the ids of all batches of the client with a status, page by page, in order. */
export async function listBatchIds(api: string, status: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = new URLSearchParams({ status, limit: '100', ...(cursor && { cursor }) });
    const page = (await (await fetch(`${api}/batches?${query}`)).json()) as BatchListResponse;
    ids.push(...page.batches.map(({ batchId }) => batchId));
    cursor = page.cursor;
  }
  return ids.sort();
}

/** Waits until every file of a batch has ended. Retries after a 503, as a client does: Redis can be slow on a busy machine. */
export function batchEnd(api: string, batchId: string, limitMs?: number): Promise<BatchResponse> {
  return until(async () => {
    const response = await fetch(`${api}/batches/${batchId}`);
    if (response.status === 503) {
      await response.body?.cancel();
      return false;
    }
    const batch = await statusIn(response);
    return batch.status.startsWith('completed') && batch;
  }, limitMs);
}
