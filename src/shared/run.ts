import { ConfigError } from './config.ts';

/**
 * Runs a process's `main`. What keeps it from starting is printed and ends it with exit code 1;
 * a fault of the configuration without a stack, since the person who reads it did not write the code.
 */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
    // Tells a parent that started this process with a channel, such as `npm run up`, that it is ready.
    process.send?.('ready');
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : error);
    process.exit(1);
  }
}
