/** Delay of a job whose host is busy. Half of it is random, so that the jobs of the host do not return together. */
const BUSY_DELAY_MS = 2000;

/** Limits how many jobs of a worker use the same host at the same time, so that a slow host does not hold up the others. */
export interface HostLimit {
  /**
   * Reserves a place.
   *
   * @returns a function that gives the place back; `undefined` if the host is busy
   */
  enter(host: string): (() => void) | undefined;
  /** Milliseconds after which the job of a busy host tries again. */
  busyDelayMs(): number;
}

/** @param maxPerHost jobs of one host at the same time */
export function createHostLimit(maxPerHost: number): HostLimit {
  const running = new Map<string, number>();
  return {
    enter(host) {
      const ofHost = running.get(host) ?? 0;
      if (ofHost >= maxPerHost) return undefined;
      running.set(host, ofHost + 1);
      return () => {
        const left = (running.get(host) ?? 1) - 1;
        if (left > 0) running.set(host, left);
        else running.delete(host);
      };
    },
    busyDelayMs: () => BUSY_DELAY_MS * (0.5 + Math.random() / 2),
  };
}
