import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onCleanup } from './cleanup.ts';
import type { File } from './client.ts';

/** A connection on which anything can be sent. Its errors are part of the tests, so they are nobody's. */
export async function openSocket(api: string): Promise<Socket> {
  const { hostname, port } = new URL(api);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

const open = new Set<Socket>();
onCleanup(() => {
  for (const socket of open) socket.destroy();
});

/** Body of a multipart form with the boundary `x`. */
export function multipart(...files: File[]): Buffer {
  return multipartOf(...files.map(([name, content]) => [`filename="${name}"`, content] as const));
}

/** The same body, from the parameter of each part's header that names its file, such as `filename*=UTF-8''a%20b.jpg`. */
export function multipartOf(...files: (readonly [parameter: string, content: File[1]])[]): Buffer {
  const parts = files.flatMap(([parameter, content]) => [
    Buffer.from(`--x\r\nContent-Disposition: form-data; name="images"; ${parameter}\r\n\r\n`),
    Buffer.from(content as Buffer),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...parts, Buffer.from('--x--\r\n')]);
}

/** Head of an upload with such a body; `more` are whole lines. */
export function uploadHead(more: string): string {
  return `POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n${more}\r\n\r\n`;
}

/** Fetches something on a connection of its own: every header as it came, and the body. */
export function fetchRaw(
  url: string,
): Promise<{ status: number | undefined; headers: [string, string][]; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      const { rawHeaders: raw } = answer;
      const headers = raw.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : []));
      resolve({ status: answer.statusCode, headers, body: Buffer.concat(chunks) });
    }).once('error', reject);
  });
}
