import type { Socket } from 'node:net';

/** Number of checks within the timeout. */
const CHECKS = 30;

/**
 * Destroys a connection if the client reads nothing of a pending response for the given time.
 *
 * `server.timeout` alone may take twice as long. When it expires for the first time, Node compares the remaining bytes of the pending
 * write with the size of the whole write. It takes the difference for progress, and waits once more (`Socket#_onTimeout`).
 */
export function setUnreadTimeout(socket: Socket, timeoutMs: number): void {
  let last = '';
  let checksWithoutProgress = 0;
  const check = setInterval(() => {
    const isPending = socket.writableLength > 0;
    const progress = `${socket.bytesWritten - socket.writableLength} ${bytesLeftOfWrite(socket)}`;
    checksWithoutProgress = isPending && progress === last ? checksWithoutProgress + 1 : 0;
    last = progress;
    if (checksWithoutProgress >= CHECKS) socket.destroy();
  }, timeoutMs / CHECKS);
  socket.once('close', () => clearInterval(check));
}

/** Node counts a write, which can have megabytes, only as a whole. Only the handle of libuv knows how much of it remains. */
function bytesLeftOfWrite(socket: Socket & { _handle?: { writeQueueSize: number } | null }): number | undefined {
  return socket._handle?.writeQueueSize;
}
