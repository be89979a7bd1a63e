/** Milliseconds between two checks of the memory. An image fills the memory more slowly than this. */
const MEMORY_CHECK_MS = 25;

/**
 * Signals by which a child process ends itself at a limit, so that the worker knows which. By default each of them ends a process at
 * once. `process.exit` would wait for libvips.
 */
export const limitSignals = { timeout: 'SIGALRM', memory: 'SIGUSR2' } as const satisfies Record<string, NodeJS.Signals>;

/** Limits of one piece of work. */
export interface Limits {
  timeoutMs: number;
  /** Resident memory of the whole process. */
  memoryBytes: number;
}

/**
 * Runs work under a time limit and a memory limit.
 *
 * @param exceed called at a limit; by default it ends this process
 */
export async function runWithLimits<T>(
  { timeoutMs, memoryBytes }: Limits,
  work: () => Promise<T>,
  exceed: (limit: keyof typeof limitSignals) => void = (limit) => process.kill(process.pid, limitSignals[limit]),
): Promise<T> {
  const deadline = setTimeout(() => exceed('timeout'), timeoutMs);
  const memoryCheck = setInterval(() => {
    if (process.memoryUsage.rss() > memoryBytes) exceed('memory');
  }, MEMORY_CHECK_MS);
  try {
    return await work();
  } finally {
    clearTimeout(deadline);
    clearInterval(memoryCheck);
  }
}
