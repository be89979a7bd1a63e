import type { ChildProcess, StdioOptions } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Prints the output of `npm run up` and of its processes. */
export interface Output {
  /** Prints a line of `npm run up` itself. */
  say(line: string): void;
  /** Prints an error of `npm run up` itself. */
  sayError(message: string): void;
  /** Where a service of `npm run up` must write. */
  stdio: StdioOptions;
  /** Prints what a service writes. */
  follow(name: string, child: ChildProcess): void;
}

/**
 * Creates the output of `npm run up`. In a terminal every line is for people. Elsewhere the services write their JSON lines
 * themselves.
 *
 * @param logLevel `LOG_LEVEL`
 */
export async function createOutput(logLevel: string): Promise<Output> {
  if (!process.stdout.isTTY) {
    return {
      say: (line) => console.log(`[up] ${line}`),
      sayError: (message) => console.error(message),
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      follow: () => {},
    };
  }
  const { createLineFormatter } = await import('../src/shared/log-lines.ts');
  const format = createLineFormatter(logLevel);
  const print = (name: string, line: string) => console.log(format(name, line));
  return {
    say: (line) => print('up', line),
    sayError(message) {
      const [first, ...others] = message.split('\n');
      print('up', JSON.stringify({ level: 50, time: Date.now(), msg: first }));
      for (const line of others) print('up', line);
    },
    stdio: ['inherit', 'pipe', 'pipe', 'ipc'],
    follow(name, { stdout, stderr }) {
      for (const input of [stdout, stderr]) {
        if (input) createInterface({ input }).on('line', (line) => line && print(name, line));
      }
    },
  };
}
