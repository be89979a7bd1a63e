import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Measure, Row } from './measure.ts';
import { accept } from './measures/accept.ts';
import { drainRate } from './measures/drain.ts';
import { floor } from './measures/floor.ts';
import { idle } from './measures/idle.ts';
import { list } from './measures/list.ts';
import { memory } from './measures/memory.ts';
import { pipeline } from './measures/pipeline.ts';
import { rawBody } from './measures/raw-body.ts';
import { redisCost } from './measures/redis-cost.ts';
import { reuse } from './measures/reuse.ts';
import { service } from './measures/service.ts';
import { startup } from './measures/startup.ts';
import { status } from './measures/status.ts';
import { streams } from './measures/streams.ts';
import { variants } from './measures/variants.ts';
import { workers } from './measures/workers.ts';
import { endAll } from './processes.ts';

// npm run bench [-- --json] [--quick] [names]: measures the service against baselines, within one run.

const measures: Record<string, Measure> = {
  pipeline,
  floor,
  variants,
  drain: drainRate,
  service,
  reuse,
  accept,
  raw: rawBody,
  status,
  list,
  streams,
  workers,
  memory,
  startup,
  redis: redisCost,
  idle,
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});

function bound({ atLeast, atMost }: Row): string {
  if (atLeast !== undefined) return `≥ ${round(atLeast)}`;
  return atMost === undefined ? '' : `≤ ${round(atMost)}`;
}

function isMet({
  ratio = Number.NaN,
  atLeast = Number.NEGATIVE_INFINITY,
  atMost = Number.POSITIVE_INFINITY,
}: Row): boolean {
  return ratio >= atLeast && ratio <= atMost;
}

/** Formats a number with three significant digits. */
function round(value: number | undefined): string {
  if (value === undefined) return '';
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const target = bound(row);
    const cells = [row.what, `${round(row.ours)} ${row.unit}`, round(row.theirs), round(row.ratio)];
    return `| ${[...cells, target && `${target} ${isMet(row) ? 'met' : '**missed**'}`].join(' | ')} |`;
  });
  return ['| what | service | baseline | ratio | target |', '| --- | --- | --- | --- | --- |', ...lines].join('\n');
}

const unknown = positionals.filter((name) => !(name in measures));
if (unknown.length > 0) {
  console.error(`Unknown measure: ${unknown.join(', ')}. The measures are: ${Object.keys(measures).join(', ')}.`);
  process.exit(2);
}

const root = await mkdtemp(join(tmpdir(), 'bench-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.once('exit', endAll);
const machine = {
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  date: new Date().toISOString().slice(0, 10),
};
const results: { name: string; title: string; baseline: string; ratio: string; rows: (Row & { isMet?: boolean })[] }[] =
  [];
try {
  if (!flags.json)
    console.log(
      `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.date}\n`,
    );
  for (const [name, measure] of Object.entries(measures)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const folder = join(root, name);
    await mkdir(folder);
    const say = (line: string) => process.stderr.write(`[${name}] ${line}\n`);
    const rows = await measure.run({ isQuick: flags.quick, folder, say });
    endAll();
    await rm(folder, { recursive: true });
    const { title, baseline, ratio } = measure;
    results.push({
      name,
      title,
      baseline,
      ratio,
      rows: rows.map((row) => (bound(row) ? { ...row, isMet: isMet(row) } : row)),
    });
    if (!flags.json) console.log(`### ${title}\n\nBaseline: ${baseline} Ratio: ${ratio}.\n\n${table(rows)}\n`);
  }
  if (flags.json) console.log(JSON.stringify({ machine, results }, undefined, 2));
  process.exitCode = results.every(({ rows }) => rows.every((row) => row.isMet !== false)) ? 0 : 1;
} finally {
  endAll();
  await rm(root, { recursive: true, force: true });
}
