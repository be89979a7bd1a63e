import type { Socket } from 'node:net';

/** How often a connection is checked within the time for which nothing may move. */
const CHECKS = 30;

/**
 * Destroys a connection when the client reads nothing of a pending response for a while.
 *
 * `server.timeout` alone takes up to twice as long. When it expires for the first time, Node compares the bytes left of the
 * pending write with those of the whole write, takes the difference for progress and waits once more (`Socket#_onTimeout`).
 */
export function cutUnread(socket: Socket, silenceMs: number): void {
  let last = '';
  let checksWithoutProgress = 0;
  const check = setInterval(() => {
    const isPending = socket.writableLength > 0;
    const progress = `${socket.bytesWritten - socket.writableLength} ${bytesLeftOfWrite(socket)}`;
    checksWithoutProgress = isPending && progress === last ? checksWithoutProgress + 1 : 0;
    last = progress;
    if (checksWithoutProgress >= CHECKS) socket.destroy();
  }, silenceMs / CHECKS);
  socket.once('close', () => clearInterval(check));
}

/** Node counts a write as a whole and a write can have megabytes. Only libuv's handle tells how much of it is left. */
function bytesLeftOfWrite(socket: Socket & { _handle?: { writeQueueSize: number } | null }): number | undefined {
  return socket._handle?.writeQueueSize;
}
