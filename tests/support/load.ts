import { setTimeout as delay } from 'node:timers/promises';
import { onCleanup } from './cleanup.ts';
import { type File, post } from './client.ts';

/** Clients that upload without end, and what they were told. */
export interface Load {
  /** Ids of the batches that were acknowledged. */
  accepted: string[];
  /** Every other answer. */
  refused: { status: number; retryAfter: string | null }[];
  /** Uploads that got no answer at all. */
  unanswered(): number;
  /** Lets each client end its upload and waits for that. */
  stop(): Promise<void>;
}

/**
 * Starts clients that upload the same files again and again, whatever the answer.
 *
 * @param url of the API, asked before each upload
 * @param options see {@link startClients}
 */
export function startLoad(url: () => string, files: readonly File[], options?: ClientOptions): Load {
  return startClients(() => post(url(), files), options);
}

interface ClientOptions {
  clients?: number;
  /** Milliseconds between a client's uploads, so that a worker can keep up. */
  pauseMs?: number;
}

/**
 * Starts clients that upload again and again, whatever the response.
 *
 * @param uploadOnce makes one upload of a client, whose number it gets, and returns the last response
 */
export function startClients(
  uploadOnce: (client: number) => Promise<Response>,
  { clients = 4, pauseMs = 20 }: ClientOptions = {},
): Load {
  const accepted: Load['accepted'] = [];
  const refused: Load['refused'] = [];
  let unanswered = 0;
  let isOver = false;

  const run = async (client: number) => {
    const answer = await uploadOnce(client);
    if (answer.status === 202) accepted.push(((await answer.json()) as { batchId: string }).batchId);
    else {
      refused.push({ status: answer.status, retryAfter: answer.headers.get('Retry-After') });
      await answer.body?.cancel();
    }
  };
  const running = Array.from({ length: clients }, async (_, client) => {
    while (!isOver) {
      await run(client).catch(() => {
        unanswered += 1;
      });
      await delay(pauseMs);
    }
  });
  const stop = async () => {
    isOver = true;
    await Promise.all(running);
  };
  onCleanup(stop);
  return { accepted, refused, unanswered: () => unanswered, stop };
}
