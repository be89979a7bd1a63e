import type { Logger } from './logger.ts';

/** One step of an orderly end. */
export interface ShutdownPhase {
  name: string;
  /** Milliseconds after which the step is given up and the next one begins. */
  limitMs: number;
  run: () => unknown;
}

/**
 * A terminal sends Ctrl-C to npm and to the process, and npm passes its own on: two signals for one key press.
 * Only one that comes later than this is a second wish.
 */
const SAME_SIGNAL_MS = 1000;

/**
 * Runs every phase in order, whatever happens to the ones before.
 *
 * @returns the names of the phases that failed or ran over their limit
 */
export async function runPhases(phases: readonly ShutdownPhase[], logger: Logger): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, limitMs, run } of phases) {
    let timer: NodeJS.Timeout | undefined;
    try {
      const limit = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`took longer than ${limitMs} ms`)), limitMs);
      });
      await Promise.race([Promise.resolve(run()), limit]);
    } catch (err) {
      failed.push(name);
      logger.error({ err, phase: name }, 'shutdown phase failed');
    } finally {
      clearTimeout(timer);
    }
  }
  return failed;
}

/**
 * Ends the process in order on SIGTERM, on SIGINT, or when the parent that started it with a channel is gone.
 * Exits 0 when every phase succeeded and 1 otherwise; a second signal exits at once.
 */
export function shutDownOnSignal(phases: readonly ShutdownPhase[], logger: Logger): void {
  let begunAt = 0;
  const begin = async (reason: string) => {
    if (begunAt > 0) {
      if (Date.now() - begunAt < SAME_SIGNAL_MS) return;
      logger.warn({ reason }, 'second signal: leaving at once');
      process.exit(1);
    }
    begunAt = Date.now();
    logger.info({ reason }, 'shutting down');
    const failed = await runPhases(phases, logger);
    logger.info({ failed }, 'stopped');
    process.exit(failed.length > 0 ? 1 : 0);
  };
  process.on('SIGTERM', () => void begin('SIGTERM'));
  process.on('SIGINT', () => void begin('SIGINT'));
  process.once('disconnect', () => void begin('parent process gone'));
}
