import { Agent, request } from 'node:http';
import type { BatchResponse } from '../src/api/views/status.ts';

const agent = new Agent({ keepAlive: true });
const boundary = 'bench-boundary-7b9f2c';

/** A multipart form with files in one field, as bytes: making it must not cost the client what is measured elsewhere. */
export function formBody(files: readonly Buffer[]): Buffer {
  const parts = files.flatMap((content, index) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="images"; filename="photo ${index}"\r\nContent-Type: image/jpeg\r\n\r\n`,
    content,
    '\r\n',
  ]);
  return Buffer.concat([...parts, `--${boundary}--\r\n`].map((part) => Buffer.from(part)));
}

/** Uploads a form and returns the answer's body, which must be a success. */
export function upload(url: string, body: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'Content-Length': body.length };
    const sent = request(`${url}/process-images`, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.once('end', () => {
        const isFine = Math.floor((answer.statusCode ?? 0) / 100) === 2;
        isFine ? resolve(text) : reject(new Error(`${answer.statusCode} ${text}`));
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** Uploads from several clients at once, each its next when its last was answered, and returns each one's milliseconds. */
export async function uploadAll(
  url: string,
  bodies: readonly Buffer[],
  clients: number,
): Promise<{ times: number[]; answers: string[] }> {
  const times: number[] = [];
  const answers: string[] = [];
  const waiting = [...bodies];
  const client = async () => {
    for (let body = waiting.shift(); body; body = waiting.shift()) {
      const begin = performance.now();
      answers.push(await upload(url, body));
      times.push(performance.now() - begin);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { times, answers };
}

/** Waits until batches have ended; every file must have been processed. */
export async function allEnded(url: string, answers: readonly string[]): Promise<void> {
  for (const { batchId } of answers.map((answer) => JSON.parse(answer) as { batchId: string })) {
    for (;;) {
      const answer = await fetch(`${url}/batches/${batchId}`, { headers: { Prefer: 'wait=60' } });
      const status = (await answer.json()) as BatchResponse;
      if (status.status === 'completed') break;
      if (status.status === 'completed-with-errors') throw new Error(JSON.stringify(status));
    }
  }
}
