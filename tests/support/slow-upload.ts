import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type File, form } from './client.ts';

/** An upload on its own connection, which the API has begun to read. */
export interface SlowUpload {
  /** Sends the first half of its body. */
  sendHalf(): void;
  /** Sends the rest of its body. */
  sendRest(): void;
  /** The response; rejects when the connection breaks first. */
  response: Promise<{ status: number | undefined; body: string }>;
}

/** Begins an upload. The test decides when its body is sent. */
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
  const response = once(upload, 'response').then(async (received) => {
    const [message] = received as [IncomingMessage];
    return { status: message.statusCode, body: await text(message) };
  });
  // Prevents an unhandled rejection. The caller that awaits the promise still receives the error.
  response.catch(() => {});
  upload.flushHeaders();
  // The API sends 100 Continue when it begins to read the body.
  await Promise.race([once(upload, 'continue'), response]);
  return {
    sendHalf() {
      const half = Math.ceil(rest.length / 2);
      upload.write(rest.subarray(0, half));
      rest = rest.subarray(half);
    },
    sendRest: () => void upload.end(rest),
    response,
  };
}
