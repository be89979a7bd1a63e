import { Agent, request } from 'node:http';
import type { BatchResponse } from '../src/api/views/status.ts';

const agent = new Agent({ keepAlive: true });
const boundary = 'bench-boundary-7b9f2c';
const FORM = `multipart/form-data; boundary=${boundary}`;

/** Encodes a multipart form in advance, so that the client's work is not part of the measurement. */
export function formBody(files: readonly Buffer[]): Buffer {
  const parts = files.flatMap((content, index) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="images"; filename="photo ${index}"\r\nContent-Type: image/jpeg\r\n\r\n`,
    content,
    '\r\n',
  ]);
  return Buffer.concat([...parts, `--${boundary}--\r\n`].map((part) => Buffer.from(part)));
}

/** Uploads a form, or a body of another type. Returns the body of the response. Throws unless the status is 2xx. */
export function upload(url: string, body: Buffer, type = FORM): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': type, 'Content-Length': body.length };
    const sent = request(`${url}/process-images`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => {
        const isSuccess = Math.floor((response.statusCode ?? 0) / 100) === 2;
        isSuccess ? resolve(text) : reject(new Error(`${response.statusCode} ${text}`));
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** Uploads from several clients at once, each one upload after the other. Returns the milliseconds of each upload. */
export async function uploadAll(
  url: string,
  bodies: readonly Buffer[],
  clients: number,
  type?: string,
): Promise<{ times: number[]; responses: string[] }> {
  const times: number[] = [];
  const responses: string[] = [];
  const waiting = [...bodies];
  const client = async () => {
    for (let body = waiting.shift(); body; body = waiting.shift()) {
      const begin = performance.now();
      responses.push(await upload(url, body, type));
      times.push(performance.now() - begin);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { times, responses };
}

/** Waits until batches have completed. Throws if a file has failed. */
export async function untilCompleted(url: string, responses: readonly string[]): Promise<void> {
  for (const { batchId } of responses.map((response) => JSON.parse(response) as { batchId: string })) {
    for (;;) {
      const response = await fetch(`${url}/batches/${batchId}`, { headers: { Prefer: 'wait=60' } });
      const status = (await response.json()) as BatchResponse;
      if (status.status === 'completed') break;
      if (status.status === 'completed-with-errors') throw new Error(JSON.stringify(status));
    }
  }
}
