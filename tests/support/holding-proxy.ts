import { createServer, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen } from './listen.ts';

/** A response to hold back. */
export interface Hold {
  /** Method and path of the request. */
  matches: RegExp;
  /** Number of the matching response, from 1. */
  count: number;
  /** Whether the client gets the first half of the body. */
  sendsHalf?: boolean;
}

/**
 * Starts an HTTP proxy in front of an API. It can hold back a response, and from then on all others, so that a test can kill the client at
 * that moment on a machine of any speed.
 */
export async function startHoldingProxy(target: string) {
  let current: (Hold & { onHeld: () => void }) | undefined;
  let isHolding = false;
  const server = createServer((req, res) => {
    const { method, url, headers } = req;
    const forwarded = request(`${target}${url}`, { method, headers }, async (response) => {
      if (isHolding) return void response.resume();
      const hold = current;
      if (hold?.matches.test(`${method} ${url}`)) hold.count -= 1;
      res.writeHead(response.statusCode ?? 0, response.headers);
      if (hold?.count !== 0) return void response.pipe(res);
      isHolding = true;
      current = undefined;
      const body = await buffer(response);
      if (hold.sendsHalf) res.write(body.subarray(0, body.length / 2), () => hold.onHeld());
      else hold.onHeld();
    });
    forwarded.on('error', () => res.destroy());
    res.on('close', () => forwarded.destroy());
    req.pipe(forwarded);
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    /** Passes responses on until the one that matches. Resolves when it holds that one. */
    hold(hold: Hold): Promise<void> {
      isHolding = false;
      return new Promise((resolve) => {
        current = { ...hold, onHeld: resolve };
      });
    },
    /** Passes all responses on. */
    release() {
      isHolding = false;
    },
  };
}
