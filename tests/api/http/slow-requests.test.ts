import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { listeningApp } from '../../support/app.ts';
import { until } from '../../support/processes.ts';
import { startRedis } from '../../support/redis.ts';

let app: Awaited<ReturnType<typeof listeningApp>>;

beforeAll(async () => {
  app = await listeningApp(await startRedis(), { REQUEST_TIMEOUT_SECONDS: '1' });
});

async function send(beginning: string): Promise<Socket> {
  const socket = connect(app.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(beginning);
  return socket;
}

test.each([
  ['headers that arrive slowly', 'GET /presets HTTP/1.1\r\nHost: x\r\n'],
  [
    'a body that arrives slowly',
    'POST /process-images HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n\r\n--x\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n',
  ],
])('responds 408 to %s without an end, closes the connection, and leaves no files', async (_part, beginning) => {
  const socket = await send(beginning);
  // Data keeps arriving, so this is not an idle timeout.
  const trickle = setInterval(() => socket.write('x'), 100);
  // The server may close the connection while the client sends. The response has been read by then.
  socket.on('error', () => {});
  let response = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    response += chunk;
  });
  // `once` of node:events would reject on the socket's error.
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(trickle);
  expect(response).toMatch(/^HTTP\/1.1 408 /);
  expect(response).toContain('REQUEST_TIMEOUT');
  await until(async () => (await readdir(app.uploadDir)).length === 0);
  await until(async () => {
    const count = await new Promise<number>((resolve) => app.server.getConnections((_error, open) => resolve(open)));
    return count === 0;
  });
});
