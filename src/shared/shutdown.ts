import type { Logger } from './logger.ts';

/** One phase of a graceful shutdown. */
export interface ShutdownPhase {
  name: string;
  /** Timeout of the phase. The next phase then begins. */
  timeoutMs: number;
  run: () => unknown;
}

/**
 * Time in which two signals count as one. On Ctrl-C the terminal signals npm and this process, and npm also forwards its signal to this
 * process.
 */
const SAME_SIGNAL_MS = 1000;

/**
 * Runs all phases in order, even after one has failed.
 *
 * @returns the names of the phases that failed or timed out
 */
export async function runPhases(phases: readonly ShutdownPhase[], logger: Logger): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, timeoutMs, run } of phases) {
    let timer: NodeJS.Timeout | undefined;
    try {
      const timeout = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`took longer than ${timeoutMs} ms`)), timeoutMs);
      });
      await Promise.race([Promise.resolve(run()), timeout]);
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
 * Shuts the process down on SIGTERM, on SIGINT, or when the IPC channel to the parent process closes. Exits with 0 if every phase
 * succeeded, and with 1 otherwise. A second signal exits at once.
 */
export function shutDownOnSignal(phases: readonly ShutdownPhase[], logger: Logger): void {
  let begunAt = 0;
  const begin = async (reason: string) => {
    if (begunAt > 0) {
      if (Date.now() - begunAt < SAME_SIGNAL_MS) return;
      logger.warn({ reason }, 'second signal: exiting at once');
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
