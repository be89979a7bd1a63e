import type { Response } from 'express';
import { clientOf } from './authenticate.ts';
import { onClose } from './on-close.ts';

/** Limits the requests that one client keeps open: event streams, and responses that wait for a batch to end. */
export interface HeldRequests {
  /**
   * Counts a request until its connection is closed.
   *
   * @returns whether it may be held; `false` when its client already holds as many as it may
   */
  hold(res: Response): boolean;
}

/**
 * The count is this process's own: what is limited is the memory that held requests take here.
 *
 * @param max requests that one client may hold; 0 for no limit
 */
export function createHeldRequests(max: number): HeldRequests {
  const counts = new Map<string, number>();
  return {
    hold(res) {
      const { id } = clientOf(res);
      const count = counts.get(id) ?? 0;
      if (max > 0 && count >= max) return false;
      counts.set(id, count + 1);
      onClose(res, () => {
        const left = (counts.get(id) ?? 1) - 1;
        if (left > 0) counts.set(id, left);
        else counts.delete(id);
      });
      return true;
    },
  };
}
