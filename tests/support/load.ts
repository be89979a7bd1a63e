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
 * @param pauseMs milliseconds between a client's uploads, so that a worker can keep up
 */
export function startLoad(url: () => string, files: readonly File[], { clients = 4, pauseMs = 20 } = {}): Load {
  const accepted: Load['accepted'] = [];
  const refused: Load['refused'] = [];
  let unanswered = 0;
  let isOver = false;

  const uploadOnce = async () => {
    const answer = await post(url(), files);
    if (answer.status === 202) accepted.push(((await answer.json()) as { batchId: string }).batchId);
    else {
      refused.push({ status: answer.status, retryAfter: answer.headers.get('Retry-After') });
      await answer.body?.cancel();
    }
  };
  const running = Array.from({ length: clients }, async () => {
    while (!isOver) {
      await uploadOnce().catch(() => {
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
