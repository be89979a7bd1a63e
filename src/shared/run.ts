import { ConfigError } from './config.ts';

/**
 * Runs a process's `main`. An error prints its stack and exits with 1. A configuration error prints its message alone, since its
 * reader did not write the code.
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
