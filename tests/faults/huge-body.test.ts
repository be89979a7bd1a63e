import type { Socket } from 'node:net';
import { faultTest } from '../support/fault.ts';
import { bytesRead, peakMemory, restartPeakMemory } from '../support/proc.ts';
import { quickest, until } from '../support/processes.ts';
import { openSocket, uploadHead } from '../support/raw.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

const MEBIBYTE = 2 ** 20;
const GIBIBYTE = 2 ** 30;
/** Ten files of five mebibytes, and what a form takes besides. */
const ALLOWED = 10 * 5 * MEBIBYTE + 64 * 1024;
const BLOCK = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);

/** What was answered so far, and whether the connection has ended. */
function listen(socket: Socket) {
  const heard = { response: '', isEnded: false };
  socket.setEncoding('utf8').on('data', (text: string) => {
    heard.response += text;
  });
  socket.once('close', () => {
    heard.isEnded = true;
  });
  return heard;
}

/** Sends a body of a gibibyte as fast as it is taken, whatever is answered, and returns how much was taken. */
async function pour(socket: Socket): Promise<number> {
  let goOn = () => {};
  socket.on('drain', () => goOn()).on('close', () => goOn());
  while (socket.bytesWritten < GIBIBYTE && !socket.closed) {
    const wait = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    if (!socket.write(BLOCK)) await wait;
    // What is answered must be heard, also where writing never has to wait.
    await new Promise(setImmediate);
  }
  return socket.bytesWritten - socket.writableLength;
}

faultTest(
  'A body of 1 GiB, declared, and sent all the same after the response',
  'refused as too large (413) within a second, before any of it is sent; cut off before as much is taken as an upload may have',
  async () => {
    const { startApi, uploadDir } = await ownService();
    const api = await startApi();
    const announce = async () => {
      const socket = await openSocket(api.url);
      const heard = listen(socket);
      socket.write(uploadHead(`Content-Length: ${GIBIBYTE}`));
      await until(() => heard.response.includes('REQUEST_TOO_LARGE'));
      return { socket, heard };
    };
    const ms = await quickest(1000, async () => (await announce()).socket.destroy());
    expect(ms).toBeLessThan(1000);
    const { socket, heard } = await announce();
    expect(heard.response).toMatch(/^HTTP\/1.1 413 /);
    const taken = await pour(socket);
    await until(() => heard.isEnded);
    expect(taken).toBeLessThan(ALLOWED);
    expect(await storedNames(uploadDir)).toEqual([]);
    return `answered in ${Math.ceil(ms)} ms, ${Math.round(taken / MEBIBYTE)} MiB taken`;
  },
);

faultTest(
  'A body of 1 GiB, undeclared (chunked), as fast as it is taken',
  'refused as too large (413); cut off before a fifth more has been read than an upload may have',
  async () => {
    const { startApi, uploadDir } = await ownService();
    const api = await startApi();
    const socket = await openSocket(api.url);
    const heard = listen(socket);
    const before = restartPeakMemory(api.child.pid);
    const readBefore = bytesRead(api.child.pid);
    const part = '--x\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n';
    socket.write(`${uploadHead('Transfer-Encoding: chunked')}${part.length.toString(16)}\r\n${part}\r\n`);
    const taken = await pour(socket);
    await until(() => heard.isEnded);
    expect(heard.response).toMatch(/^HTTP\/1.1 413 /);
    const memory = Math.round(peakMemory(api.child.pid) - before);
    const read = bytesRead(api.child.pid) - readBefore;
    expect(read).toBeLessThan(ALLOWED * 1.2);
    await until(async () => (await storedNames(uploadDir)).length === 0);
    return `${Math.round(read / MEBIBYTE)} MiB read, ${Math.round(taken / MEBIBYTE)} MiB taken by the connection; the API held ${memory} MiB more`;
  },
);
