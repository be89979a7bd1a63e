import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Under `npm run dev` and `npm run worker` the development dependencies are installed. `dist/` must not need them. */
const runsFromSources = import.meta.url.endsWith('.ts');

/** Formats lines for people, if there are any: a terminal of a developer. */
const lines = runsFromSources && process.stdout.isTTY ? await import('./log-lines.ts') : undefined;

/**
 * Creates the logger of one process. It writes one JSON object per line; from the sources in a terminal, lines for people.
 *
 * @param name the process, `api` or `worker`
 * @param level least severe line to write
 */
export function createLogger(name: string, level: string): Logger {
  const options = { name, level, base: { name, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime };
  if (!lines) return pino(options);
  const format = lines.createLineFormatter(level);
  return pino(options, { write: (line) => process.stdout.write(`${format(name, line)}\n`) });
}
