#!/usr/bin/env node
import { describeError } from './describe-error.ts';
import { say } from './print.ts';
import { createProgram } from './program.ts';

// The command-line program `async-images`.

/** Exit code of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

const program = createProgram(interrupt.signal);
try {
  await program.parseAsync();
} catch (error) {
  if (interrupt.signal.aborted) {
    say('Stopped. Run the same command again to continue.');
    process.exitCode = INTERRUPTED;
  } else {
    say(`error: ${describeError(error, program.opts<{ url: string }>().url)}`);
    process.exitCode = 1;
  }
}
