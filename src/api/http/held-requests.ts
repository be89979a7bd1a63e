import type { Response } from 'express';
import { clientOf } from './authenticate.ts';
import { onClose } from './on-close.ts';

/** Limits the requests that one client holds open: event streams, and requests that wait for a batch to end. */
export interface HeldRequests {
  /**
   * Counts a request until its connection is closed.
   *
   * @returns `false` if the client has reached the limit; then the request is not counted
   */
  hold(res: Response): boolean;
}

/**
 * Creates the limit. It counts only the requests of this process, since it protects the memory of this process.
 *
 * @param max maximum number of held requests per client; 0 for no limit
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
        const remaining = (counts.get(id) ?? 1) - 1;
        if (remaining > 0) counts.set(id, remaining);
        else counts.delete(id);
      });
      return true;
    },
  };
}
