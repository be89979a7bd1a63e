import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type File, form } from './client.ts';

/** An upload on a connection of its own, which the API has begun to read. */
export interface SlowUpload {
  /** Sends the first half of its body. */
  sendHalf(): void;
  /** Sends what is left of its body. */
  sendRest(): void;
  /** Its answer; fails when the connection breaks before. */
  answer: Promise<{ status: number | undefined; body: string }>;
}

/** Begins an upload whose body the test sends when it wants to. */
export async function beginUpload(
  api: string,
  files: readonly File[],
  headers: Record<string, string> = {},
): Promise<SlowUpload> {
  const whole = new Response(form(files));
  const type = whole.headers.get('Content-Type') ?? '';
  let rest = Buffer.from(await whole.arrayBuffer());
  const upload = request(`${api}/process-images`, {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'Content-Type': type, 'Content-Length': rest.length, Expect: '100-continue' },
  });
  const answer = once(upload, 'response').then(async (heard) => {
    const [response] = heard as [IncomingMessage];
    return { status: response.statusCode, body: await text(response) };
  });
  // Whoever awaits it is told all the same.
  answer.catch(() => {});
  upload.flushHeaders();
  // The API says so once it reads.
  await Promise.race([once(upload, 'continue'), answer]);
  return {
    sendHalf() {
      const half = Math.ceil(rest.length / 2);
      upload.write(rest.subarray(0, half));
      rest = rest.subarray(half);
    },
    sendRest: () => void upload.end(rest),
    answer,
  };
}
