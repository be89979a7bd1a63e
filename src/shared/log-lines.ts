import { stripVTControlCharacters } from 'node:util';
import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

// Log lines for people. pino-pretty is a development dependency: production must not load this file.

const NAME_WIDTH = 6;
const { info: INFO = 30, warn: WARN = 40 } = pino.levels.values;
const colorOfName = { up: 'magenta', api: 'cyan', worker: 'green' } as const;
const colorOfLevel = { trace: 'gray', debug: 'gray', warn: 'yellow', error: 'red', fatal: 'red' } as const;
/** The service's ids begin with one. Its first part is enough to tell those of a terminal apart. */
const UUID = /\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
/** Fields that a line leaves out, or shows without their names. */
const unnamedFields = new Set('source time level name pid msg err req res responseTime detail requestId'.split(' '));

/** A line as pino and pino-http write it. */
interface Log extends Record<string, unknown> {
  level: number;
  msg?: string;
  err?: { message?: string; stack?: string };
  req?: { id: string; method: string; url: string };
  res?: { statusCode: number };
  responseTime?: number;
}

/**
 * Creates a function that turns one line of a process into a short line for people: time, name, message, and the fields that
 * matter. A line that is not a pino log line becomes the message. There are no colours if `NO_COLOR` is set.
 *
 * @param logLevel `LOG_LEVEL`; with `debug` or `trace` an error shows its stack
 */
export function createLineFormatter(logLevel: string): (source: string, line: string) => string {
  const showStacks = logLevel === 'debug' || logLevel === 'trace';
  const format = prettyFactory({
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    ignore: 'name,pid',
    // pino-pretty would colour every message.
    customColors: 'message:reset',
    customPrettifiers: {
      time: (time) => String(time),
      level: (_level, _key, log, { colors }) => {
        const { source } = log as unknown as { source: string };
        return colors[colorOfName[source as keyof typeof colorOfName] ?? 'blue'](source.padStart(NAME_WIDTH));
      },
    },
    messageFormat: (object, _messageKey, _levelLabel, { colors }) => {
      const log = object as Log;
      const label = pino.levels.labels[log.level] ?? '';
      const color = colorOfLevel[label as keyof typeof colorOfLevel];
      const message = log.level >= WARN ? `${label}: ${summarize(log)}` : summarize(log);
      const parts = [
        color ? colors[color](message) : message,
        ...fieldsOf(log).map(([name, value]) => colors.gray(`${name}=`) + value),
      ];
      const stack = showStacks && log.err?.stack ? `\n${log.err.stack.split('\n').map(printable).join('\n')}` : '';
      return parts.join(' ').replaceAll(UUID, '$1') + stack;
    },
  });
  return (source, line) => format({ ...parse(line), source }).trimEnd();
}

function parse(line: string): Log {
  try {
    const log = JSON.parse(line);
    if (typeof log?.level === 'number') return log;
  } catch {
    // Not a log line, such as a warning of Node.
  }
  return { level: INFO, time: Date.now(), msg: stripVTControlCharacters(line) };
}

function summarize({ msg = '', req, res, responseTime, err }: Log): string {
  const request = req && `${req.method} ${req.url}`;
  const isEnd = res && responseTime !== undefined;
  const message = isEnd ? `${request} ${res.statusCode} ${Math.round(responseTime)} ms` : msg;
  const cause = err?.message && err.message !== msg && err.message;
  return printable([!isEnd && request, message, cause].filter(Boolean).join(': '));
}

function fieldsOf(log: Log): [name: string, value: string][] {
  const fields = Object.entries(log).filter(
    ([name, value]) =>
      !unnamedFields.has(name) &&
      // A job's id starts with that of its batch.
      !(name === 'batchId' && 'jobId' in log) &&
      !(Array.isArray(value) && value.length === 0),
  );
  // The client knows a failed request by this id.
  if (log.req && log.err) fields.push(['requestId', log.req.id]);
  return fields.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : printable(value)]);
}

/** A client chooses parts of a message. They must not control the terminal. */
function printable(value: unknown): string {
  return String(value).replaceAll(/\p{Cc}+/gu, ' ');
}
