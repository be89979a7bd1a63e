import type { Socket } from 'node:net';
import { faultTest } from '../support/fault.ts';
import { bytesRead, peakMemory, restartPeakMemory } from '../support/proc.ts';
import { quickest, until } from '../support/processes.ts';
import { openSocket, uploadHead } from '../support/raw.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

const MEBIBYTE = 2 ** 20;
const GIBIBYTE = 2 ** 30;
/** The size limit of an upload: ten files of five mebibytes, and the rest of the form. */
const ALLOWED_BYTES = 10 * 5 * MEBIBYTE + 64 * 1024;
const BLOCK = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);

/** Collects the response, and records the end of the connection. */
function receive(socket: Socket) {
  const received = { response: '', isEnded: false };
  socket.setEncoding('utf8').on('data', (text: string) => {
    received.response += text;
  });
  socket.once('close', () => {
    received.isEnded = true;
  });
  return received;
}

/** Sends a body of 1 GiB at full speed, whatever the response. Returns the bytes that the connection has accepted. */
async function sendGibibyte(socket: Socket): Promise<number> {
  let goOn = () => {};
  socket.on('drain', () => goOn()).on('close', () => goOn());
  while (socket.bytesWritten < GIBIBYTE && !socket.closed) {
    const wait = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    if (!socket.write(BLOCK)) await wait;
    // Let the event loop read the response, even if writing never has to wait.
    await new Promise(setImmediate);
  }
  return socket.bytesWritten - socket.writableLength;
}

faultTest(
  'A body of 1 GiB with `Content-Length`, which the client sends even after the error response',
  '413 within 1 s, before any of the body is sent; the connection is cut before the size limit of an upload is reached',
  async () => {
    const { startApi, uploadDir } = await ownService();
    const api = await startApi();
    const announce = async () => {
      const socket = await openSocket(api.url);
      const received = receive(socket);
      socket.write(uploadHead(`Content-Length: ${GIBIBYTE}`));
      await until(() => received.response.includes('REQUEST_TOO_LARGE'));
      return { socket, received };
    };
    const ms = await quickest(1000, async () => (await announce()).socket.destroy());
    expect(ms).toBeLessThan(1000);
    const { socket, received } = await announce();
    expect(received.response).toMatch(/^HTTP\/1.1 413 /);
    const acceptedBytes = await sendGibibyte(socket);
    await until(() => received.isEnded);
    expect(acceptedBytes).toBeLessThan(ALLOWED_BYTES);
    expect(await storedNames(uploadDir)).toEqual([]);
    return `response after ${Math.ceil(ms)} ms, ${Math.round(acceptedBytes / MEBIBYTE)} MiB accepted`;
  },
);

faultTest(
  'A body of 1 GiB without `Content-Length` (chunked), sent at full speed',
  '413; the connection is cut before the API has read 1.2 times the size limit of an upload',
  async () => {
    const { startApi, uploadDir } = await ownService();
    const api = await startApi();
    const socket = await openSocket(api.url);
    const received = receive(socket);
    const before = restartPeakMemory(api.child.pid);
    const readBefore = bytesRead(api.child.pid);
    const part = '--x\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n';
    socket.write(`${uploadHead('Transfer-Encoding: chunked')}${part.length.toString(16)}\r\n${part}\r\n`);
    const acceptedBytes = await sendGibibyte(socket);
    await until(() => received.isEnded);
    expect(received.response).toMatch(/^HTTP\/1.1 413 /);
    const memory = Math.round(peakMemory(api.child.pid) - before);
    const read = bytesRead(api.child.pid) - readBefore;
    expect(read).toBeLessThan(ALLOWED_BYTES * 1.2);
    await until(async () => (await storedNames(uploadDir)).length === 0);
    return `${Math.round(read / MEBIBYTE)} MiB read, ${Math.round(acceptedBytes / MEBIBYTE)} MiB accepted by the connection; the API used ${memory} MiB more memory`;
  },
);
