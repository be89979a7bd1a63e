/** Milliseconds between two looks at the memory: short against the time in which an image can fill it. */
const LOOK_EVERY_MS = 25;

/**
 * The signals by which a child ends itself, so that its parent knows why. Each kills at once by the system's default,
 * which nothing but a signal can: while libvips works, `process.exit` waits for it.
 */
export const endReasons = {
  SIGALRM: { what: 'time', words: 'took longer than the time limit' },
  SIGUSR2: { what: 'memory', words: 'needed more memory than the limit' },
} as const satisfies Partial<Record<NodeJS.Signals, { what: string; words: string }>>;

/**
 * Runs one piece of work under a deadline and a memory limit, and ends this whole process when it oversteps one.
 *
 * @param limits milliseconds, and bytes of resident memory of the process
 */
export async function underWatch<T>(
  { timeoutMs, memoryBytes }: { timeoutMs: number; memoryBytes: number },
  work: () => Promise<T>,
): Promise<T> {
  const end = (signal: keyof typeof endReasons) => process.kill(process.pid, signal);
  const deadline = setTimeout(() => end('SIGALRM'), timeoutMs);
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() > memoryBytes) end('SIGUSR2');
  }, LOOK_EVERY_MS);
  try {
    return await work();
  } finally {
    clearTimeout(deadline);
    clearInterval(watch);
  }
}
