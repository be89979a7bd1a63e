import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, machine } from './machine.ts';
import type { Measure, Row } from './measure.ts';
import { accept } from './measures/accept.ts';
import { drainRate } from './measures/drain.ts';
import { floor } from './measures/floor.ts';
import { hosts } from './measures/hosts.ts';
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
import { bound, isMet, table } from './rows.ts';

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
  hosts,
  memory,
  startup,
  redis: redisCost,
  idle,
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } },
});

const unknown = positionals.filter((name) => !(name in measures));
if (unknown.length > 0) {
  console.error(`Unknown measure: ${unknown.join(', ')}. The measures are: ${Object.keys(measures).join(', ')}.`);
  process.exit(2);
}

const root = await mkdtemp(join(tmpdir(), 'bench-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.once('exit', endAll);
const results: { name: string; title: string; baseline: string; ratio: string; rows: (Row & { isMet?: boolean })[] }[] =
  [];
try {
  if (!flags.json) console.log(`${describeMachine()}\n`);
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
