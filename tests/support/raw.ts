import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onCleanup } from './cleanup.ts';
import type { File } from './client.ts';

/** Opens a TCP connection to the API, for raw bytes. Ignores socket errors, which many tests provoke. */
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

/** Encodes a multipart body with the boundary `x`. */
export function multipart(...files: File[]): Buffer {
  return multipartOf(...files.map(([name, content]) => [`filename="${name}"`, content] as const));
}

/** Like {@link multipart}, but with the name as a raw header parameter, such as `filename*=UTF-8''a%20b.jpg`. */
export function multipartOf(...files: (readonly [parameter: string, content: File[1]])[]): Buffer {
  const parts = files.flatMap(([parameter, content]) => [
    Buffer.from(`--x\r\nContent-Disposition: form-data; name="images"; ${parameter}\r\n\r\n`),
    Buffer.from(content as Buffer),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...parts, Buffer.from('--x--\r\n')]);
}

/** Head of an upload with the boundary `x`. `more` are whole header lines. */
export function uploadHead(more: string): string {
  return `POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n${more}\r\n\r\n`;
}

/** Sends a GET request on a new connection. Returns every header unmodified, and the body. */
export function fetchRaw(
  url: string,
): Promise<{ status: number | undefined; headers: [string, string][]; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      const { rawHeaders: raw } = response;
      const headers = raw.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : []));
      resolve({ status: response.statusCode, headers, body: Buffer.concat(chunks) });
    }).once('error', reject);
  });
}
