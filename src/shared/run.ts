import { ConfigError } from './config.ts';

/**
 * Runs the `main` of a process. Prints an error with its stack, and exits with 1. For a configuration error it prints only the message,
 * since the operator does not need the stack.
 */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
    // Tells a parent with an IPC channel, such as `npm run up`, that this process is ready.
    process.send?.('ready');
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exit(1);
  }
}
