import type { Request, Response } from 'express';
import type { BatchWatcher } from '../../queue/batch-watcher.ts';
import type { BatchStatus } from '../../queue/read-status.ts';
import type { HeldRequests } from './held-requests.ts';
import { onClose } from './on-close.ts';

/** Seconds that a client may be kept waiting, at most. */
const MAX_WAIT_SECONDS = 60;

/** What a response waits with. */
export interface WaitParts {
  watcher: BatchWatcher;
  heldRequests: HeldRequests;
}

/**
 * Meets `Prefer: wait=N` (RFC 7240, section 4.3), and says so in the answer's head. A preference that cannot be understood is
 * ignored, as the RFC wants it, and so is that of a client that already holds as many requests as it may.
 *
 * @param isWished what to wait for; the waiting also ends after N seconds, and when the client is gone
 * @returns whether there was such a wish; then what was read before may be out of date
 */
export async function waitAsPreferred(
  req: Request,
  res: Response,
  { watcher, heldRequests }: WaitParts,
  { batchId, isWished }: { batchId: string; isWished: (status: BatchStatus) => boolean },
): Promise<boolean> {
  const [, wish] = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(req.get('Prefer') ?? '') ?? [];
  if (wish === undefined || !heldRequests.hold(res)) return false;
  const seconds = Math.min(Number(wish), MAX_WAIT_SECONDS);
  const gone = new AbortController();
  onClose(res, () => gone.abort());
  await watcher.waitFor(batchId, isWished, seconds * 1000, gone.signal);
  res.set('Preference-Applied', `wait=${seconds}`);
  return true;
}
