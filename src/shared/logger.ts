import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/**
 * Makes the logger of one process: readable lines in a terminal, one JSON object a line anywhere else.
 *
 * @param name the process, `api` or `worker`
 * @param level least severe line to write
 */
export function createLogger(name: string, level: string): Logger {
  const options = { name, level, base: { name, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) return pino(options);
  // Written synchronously: the last lines before an exit are the ones that matter.
  return pino(options, pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', singleLine: true, ignore: 'pid,hostname' }));
}
