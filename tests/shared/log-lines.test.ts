import { stripVTControlCharacters } from 'node:util';
import { createLineFormatter } from '../../src/shared/log-lines.ts';

const time = '2030-01-02T03:04:05.678Z';

/** Formats a line and returns what follows the time. */
function format(source: string, line: unknown, logLevel = 'info'): string {
  const text = typeof line === 'string' ? line : JSON.stringify({ time, pid: 1, name: source, ...(line as object) });
  const formatted = createLineFormatter(logLevel)(source, text);
  const [, rest = formatted] = /^\d\d:\d\d:\d\d (.*)$/s.exec(stripVTControlCharacters(formatted)) ?? [];
  return rest;
}

test('shows the name, the message and the fields that matter', () => {
  const line = { level: 30, msg: 'image processed', jobId: 'b-0', batchId: 'b', requestId: 'r', ms: 12, failed: [] };
  expect(format('worker', line)).toBe('worker: image processed jobId=b-0 ms=12');
  expect(format('api', { level: 30, msg: 'batch ended', batchId: 'b' })).toBe('   api: batch ended batchId=b');
});

test('shows a request by its method, path, status and duration', () => {
  const req = { id: 'r', method: 'GET', url: '/jobs/x' };
  const end = { level: 30, req, res: { statusCode: 404 }, responseTime: 3.4, msg: 'request completed', code: 'NO' };
  expect(format('api', { ...end, detail: 'long' })).toBe('   api: GET /jobs/x 404 3 ms code=NO');
  const failure = { ...end, level: 50, res: { statusCode: 500 }, err: { message: 'no luck' }, msg: 'request errored' };
  expect(format('api', failure)).toBe('   api: error: GET /jobs/x 500 3 ms: no luck code=NO requestId=r');
});

test('shows the message of an error, and its stack only at debug level', () => {
  const line = { level: 50, msg: 'it failed', err: { message: 'no luck', stack: 'Error: no luck\n    at here' } };
  expect(format('worker', line)).toBe('worker: error: it failed: no luck');
  expect(format('worker', line, 'debug')).toBe('worker: error: it failed: no luck\nError: no luck\n    at here');
});

test.each(['(node:1) Warning: old', '    at main.js:1:2', '{"not":"a log line"}', '{"broken'])(
  'keeps a line that is not a log line: %s',
  (line) => expect(format('worker', line)).toBe(`worker: ${line}`),
);

test('shortens ids', () => {
  const batchId = 'f20580c1-1ad3-4c23-971f-5a5a5077a005';
  const line = { level: 30, msg: `retry of ${batchId}`, jobId: `${batchId}-12` };
  expect(format('api', line)).toBe('   api: retry of f20580c1 jobId=f20580c1-12');
  const req = { id: batchId, method: 'GET', url: `/batches/${batchId}/events` };
  const end = { level: 50, req, res: { statusCode: 500 }, responseTime: 3, err: { message: 'no luck' } };
  expect(format('api', end)).toBe('   api: error: GET /batches/f20580c1/events 500 3 ms: no luck requestId=f20580c1');
});

test('removes characters that control a terminal', () => {
  expect(format('api', { level: 30, msg: 'a\x1b[2Jb\nc' })).toBe('   api: a [2Jb c');
  expect(format('api', 'a\x1b[2Jb')).toBe('   api: ab');
});
