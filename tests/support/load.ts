import { setTimeout as delay } from 'node:timers/promises';
import { onCleanup } from './cleanup.ts';
import { type File, post } from './client.ts';

/** Clients that upload in a loop, and the responses that they received. */
export interface Load {
  /** Ids of the batches that were acknowledged. */
  accepted: string[];
  /** Every response other than 202. */
  refused: { status: number; retryAfter: string | null }[];
  /** Number of uploads without any response. */
  unanswered(): number;
  /** Stops the loop and waits for the uploads in progress. */
  stop(): Promise<void>;
}

/**
 * Starts clients that upload the same files in a loop, whatever the response.
 *
 * @param url returns the URL of the API; called before each upload
 * @param options see {@link startClients}
 */
export function startLoad(url: () => string, files: readonly File[], options?: ClientOptions): Load {
  return startClients(() => post(url(), files), options);
}

interface ClientOptions {
  clients?: number;
  /** Milliseconds between the uploads of a client, so that a worker can keep up. */
  pauseMs?: number;
}

/**
 * Starts clients that upload in a loop, whatever the response.
 *
 * @param uploadOnce sends one upload of the client with the given number, and returns the last response
 */
export function startClients(
  uploadOnce: (client: number) => Promise<Response>,
  { clients = 4, pauseMs = 20 }: ClientOptions = {},
): Load {
  const accepted: Load['accepted'] = [];
  const refused: Load['refused'] = [];
  let unanswered = 0;
  let isStopped = false;

  const run = async (client: number) => {
    const response = await uploadOnce(client);
    if (response.status === 202) accepted.push(((await response.json()) as { batchId: string }).batchId);
    else {
      refused.push({ status: response.status, retryAfter: response.headers.get('Retry-After') });
      await response.body?.cancel();
    }
  };
  const running = Array.from({ length: clients }, async (_, client) => {
    while (!isStopped) {
      await run(client).catch(() => {
        unanswered += 1;
      });
      await delay(pauseMs);
    }
  });
  const stop = async () => {
    isStopped = true;
    await Promise.all(running);
  };
  onCleanup(stop);
  return { accepted, refused, unanswered: () => unanswered, stop };
}
