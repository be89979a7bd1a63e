import type { Request, Response } from 'express';
import type { BatchWatcher } from '../../queue/batch-watcher.ts';
import type { BatchStatus } from '../../queue/read-status.ts';
import type { HeldRequests } from './held-requests.ts';
import { onClose } from './on-close.ts';

/** Seconds that a request may wait, at most. */
const MAX_WAIT_SECONDS = 60;

/** Dependencies of a waiting request. */
export interface WaitParts {
  watcher: BatchWatcher;
  heldRequests: HeldRequests;
}

/**
 * Waits as `Prefer: wait=N` asks (RFC 7240, section 4.3), and confirms it with `Preference-Applied`. An invalid preference is ignored,
 * as the RFC requires. So is that of a client that already holds as many requests as it may.
 *
 * @param condition ends the waiting; it also ends after N seconds and when the client leaves
 * @returns whether it has waited; then a status that was read before may be out of date
 */
export async function waitAsPreferred(
  req: Request,
  res: Response,
  { watcher, heldRequests }: WaitParts,
  { batchId, condition }: { batchId: string; condition: (status: BatchStatus) => boolean },
): Promise<boolean> {
  const [, wanted] = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(req.get('Prefer') ?? '') ?? [];
  if (wanted === undefined || !heldRequests.hold(res)) return false;
  const seconds = Math.min(Number(wanted), MAX_WAIT_SECONDS);
  const gone = new AbortController();
  onClose(res, () => gone.abort());
  await watcher.waitFor(batchId, condition, seconds * 1000, gone.signal);
  res.set('Preference-Applied', `wait=${seconds}`);
  return true;
}
