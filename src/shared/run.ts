import type { ChildProcess } from 'node:child_process';
import { ConfigError } from './config.ts';

/** The message of a process with an IPC channel to its parent, such as `npm run up`, that it is ready. */
export const READY = 'ready';

/** Resolves when a child process reports that it is ready, and never if it ends before that. */
export function reportsReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('message', function onMessage(message) {
      if (message !== READY) return;
      child.off('message', onMessage);
      resolve();
    });
  });
}

/**
 * Runs the `main` of a process. Prints an error with its stack, and exits with 1. For a configuration error it prints only the message,
 * since the operator does not need the stack.
 */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
    process.send?.(READY);
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exit(1);
  }
}
