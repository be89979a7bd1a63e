/** Milliseconds until the job of a busy host tries again, at least. */
const BUSY_DELAY_MS = 1000;
/** Milliseconds between two jobs of the same busy host. So a thousand of them do not keep the worker busy with trying again. */
const SPACING_MS = 20;

/** Limits how many jobs of a worker use the same host at the same time, so that a slow host does not hold up the others. */
export interface HostLimit {
  /**
   * Reserves a place.
   *
   * @returns a function that gives the place back; `undefined` if the host is busy
   */
  enter(host: string): (() => void) | undefined;
  /** Returns the milliseconds after which a job of a busy host tries again. Each call returns a later time. */
  busyDelayMs(host: string): number;
}

/**
 * Creates a {@link HostLimit}.
 *
 * @param maxPerHost jobs of one host at the same time
 */
export function createHostLimit(maxPerHost: number): HostLimit {
  /** The jobs that run, and when the last of the others tries again, by host. */
  const hosts = new Map<string, { running: number; lastAt: number }>();
  return {
    enter(name) {
      const host = hosts.get(name) ?? { running: 0, lastAt: 0 };
      if (host.running >= maxPerHost) return undefined;
      host.running += 1;
      hosts.set(name, host);
      return () => {
        host.running -= 1;
        if (host.running === 0) hosts.delete(name);
      };
    },
    busyDelayMs(name) {
      const host = hosts.get(name);
      const now = Date.now();
      const at = Math.max(now + BUSY_DELAY_MS, (host?.lastAt ?? 0) + SPACING_MS);
      if (host) host.lastAt = at;
      return at - now;
    },
  };
}
