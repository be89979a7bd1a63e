import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { markdownTable, round } from '../rows.ts';
import { chart } from './chart.ts';
import type { Growth } from './growth.ts';
import type { Sample } from './samples.ts';

/** The counts of a run, for the summary. */
export interface Run {
  minutes: number;
  counts: Record<string, number>;
  kills: number;
}

/** Formats the changes of all series as a table in Markdown. */
export function table(rows: readonly Growth[]): string {
  const lines = rows.map(({ name, unit, begin, end, perHour, error, limit, isBounded }) => {
    const withUnit = (value: number) => `${round(value)} ${unit}`.trim();
    const growth = `${perHour > 0 ? '+' : ''}${round(perHour)} ± ${round(error)}`;
    return [name, withUnit(begin), withUnit(end), growth, `${limit} ${isBounded ? 'met' : '**missed**'}`];
  });
  return markdownTable(['What', 'Begin', 'End', 'Growth an hour', 'Limit'], lines);
}

const BEGIN = '<!-- soak -->';
const END = '<!-- end of soak -->';

/** Writes the table into docs/reliability.md, and the chart beside it. */
export function writeDocument(
  samples: readonly Sample[],
  rows: readonly Growth[],
  { minutes, counts, kills }: Run,
): void {
  const path = join(projectRoot, 'docs/reliability.md');
  const text = readFileSync(path, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${path} has no place for the table`);
  const summary = `Measured: ${minutes} minutes, ${counts.batches} batches, ${kills} killed children.`;
  const alt =
    'Line charts of the descriptors, the memory, the Redis keys, the files and the jobs over the run. The table has the figures.';
  const section = [BEGIN, summary, '', `![${alt}](images/soak.svg)`, '', table(rows), END].join('\n');
  writeFileSync(path, text.slice(0, from) + section + text.slice(to + END.length));
  writeFileSync(join(projectRoot, 'docs/images/soak.svg'), chart(samples, rows));
}
