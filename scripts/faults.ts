import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../src/shared/setting-types.ts';
import type { FaultRow } from '../tests/support/fault.ts';
import { installServers, runJest } from './jest.ts';

// `npm run test:faults`: injects faults into the real processes and checks the promises of docs/reliability.md. `-- --full`
// injects them at full size, which takes about half an hour, and writes the measurements into that document. Names select
// tests, as in `npm run test:faults -- --full worker-killed`.

const document = join(projectRoot, 'docs/reliability.md');
const names = process.argv.slice(2).filter((argument) => argument !== '--full');
const isFull = process.argv.includes('--full');

/** Writes the measurements into the table. Replaces the row with the same fault, and appends rows of new faults. */
function fillTable(rows: readonly FaultRow[]): void {
  const [, before = '', table = '', after = ''] =
    /^(.*<!-- measured -->\n)(.*)(<!-- end of measured -->.*)$/s.exec(readFileSync(document, 'utf8')) ?? [];
  const [head = '', rule = '', ...old] = table.trimEnd().split('\n');
  const byFault = new Map(old.map((line) => [line.split(' | ')[0], line]));
  for (const { test, fault, promise, measured } of rows) {
    byFault.set(`| ${fault}`, `| ${fault} | ${promise} | ${measured} | \`${test}\` |`);
  }
  writeFileSync(document, `${before}${[head, rule, ...byFault.values()].join('\n')}\n${after}`);
}

installServers((line) => console.log(`[faults] ${line}`));
const folder = mkdtempSync(join(tmpdir(), 'faults-'));
const report = join(folder, 'report.jsonl');
writeFileSync(report, '');
const patterns =
  names.length > 0 ? names.map((name) => `tests/(faults|client)/${name}`) : ['tests/faults/', 'tests/client/resume'];
const environment = isFull ? { FAULTS: 'full', FAULTS_REPORT: report } : {};
// One after the other, so that the tests do not disturb each other's measurements.
const status = runJest(['--runInBand', ...patterns], environment);
const lines = readFileSync(report, 'utf8').split('\n').filter(Boolean);
fillTable(lines.map((line) => JSON.parse(line) as FaultRow));
rmSync(folder, { recursive: true });
if (isFull) console.log(`docs/reliability.md: ${lines.length} rows measured`);
process.exit(status);
