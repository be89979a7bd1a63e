import type { BatchResponse, JobResponse } from '../../src/api/views/status.ts';
import { until } from './processes.ts';

/** A file to upload: its name and its content. */
export type File = readonly [name: string, content: Buffer | string];

/** A multipart form with files in one field. */
export function form(files: readonly File[], field = 'images'): FormData {
  const body = new FormData();
  for (const [name, content] of files)
    body.append(field, new Blob([typeof content === 'string' ? content : new Uint8Array(content)]), name);
  return body;
}

/** Uploads files and returns the whole answer. */
export function post(api: string, files: readonly File[], field?: string): Promise<Response> {
  return fetch(`${api}/process-images`, { method: 'POST', body: form(files, field) });
}

/** Uploads files that must be accepted. */
export async function upload(api: string, ...files: File[]): Promise<string> {
  const answer = await post(api, files);
  if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { batchId: string }).batchId;
}

/** Reads a batch's status. */
export async function readBatch(api: string, batchId: string, init?: RequestInit): Promise<BatchResponse> {
  return statusIn(await fetch(`${api}/batches/${batchId}`, init));
}

async function statusIn(answer: Response): Promise<BatchResponse> {
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json() as Promise<BatchResponse>;
}

/** Reads a job's status. */
export async function readJob(api: string, jobId: string): Promise<JobResponse> {
  return (await fetch(`${api}/jobs/${jobId}`)).json() as Promise<JobResponse>;
}

/** Waits until every file of a batch has ended. Asks again after a 503, as a client does: a busy machine can hold Redis up. */
export function batchEnd(api: string, batchId: string, limitMs?: number): Promise<BatchResponse> {
  return until(async () => {
    const answer = await fetch(`${api}/batches/${batchId}`);
    if (answer.status === 503) {
      await answer.body?.cancel();
      return false;
    }
    const batch = await statusIn(answer);
    return batch.status.startsWith('completed') && batch;
  }, limitMs);
}
