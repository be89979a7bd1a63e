import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { describeMachine } from '../machine.ts';
import { isMet, table } from '../rows.ts';
import { describeChart, drawChart } from './chart.ts';
import type { Figures } from './figures.ts';
import { figuresTable, targets } from './report.ts';

/** The conditions of a run. */
export interface Run {
  isQuick: boolean;
  minutes: number;
  /** Load average of the machine before the run. */
  load: number;
}

/** Description of the method, with the line length of the document. */
const METHOD = `Four clients upload ten images at a time. Each polls every 100 ms, fetches its images, and then sends its next upload. Alone means one
JPEG of 0.8 MB at a time, polled every 10 ms. Loops read files and have no clients. The asynchronous server is
[\`bench/baselines/asynchronous-server.mjs\`](../bench/baselines/asynchronous-server.mjs).

- **CPU** and **peak memory** are the sums of all processes of a peer, with Redis. Memory is resident memory, sampled every 100 ms.
  Pages that processes share count in each of them.
- **Written** is \`write_bytes\` of \`/proc/<pid>/io\`. strace counts the calls of fsync and its relatives, in a separate pass.
- **Killed**: all processes get \`kill -9\` when a quarter of the results exist, and servers are started again. An image is lost if its
  upload was acknowledged and its result never became available. Images without a response were never acknowledged.`;

/** Describes the comparison in Markdown: the peers, the figures, and the targets. */
export function describePeers(figures: readonly Figures[], { isQuick, minutes, load }: Run): string {
  const kind = isQuick ? 'quick' : 'full';
  const peers = figures.map(({ name, what, versions }) => `- **${name}**: ${what}\n  (${versions})`);
  const rows = targets(figures);
  const missed = rows.filter((row) => !isMet(row)).map(({ what, reason }) => `- ${what}: ${reason}`);
  return [
    `\`npm run bench:peers\` compares the service with other ways to process the same images, in turn within one run. These are the
figures of a ${kind} run of ${minutes.toFixed(0)} minutes (${describeMachine()}). The load average
before it was ${load.toFixed(1)}${load > 1 ? ', so the machine had other work' : ''}.`,
    peers.join('\n'),
    METHOD,
    figuresTable(figures),
    'The service with its default settings compared with the servers that also receive uploads:',
    table(rows),
    ...(missed.length > 0 ? [`Missed targets:\n\n${missed.join('\n')}`] : []),
  ].join('\n\n');
}

/** Replaces the section "Peers" of docs/performance.md, and its chart. */
export async function writeSection(figures: readonly Figures[], run: Run): Promise<void> {
  const file = join(projectRoot, 'docs/performance.md');
  const section = `## Peers\n\n![${describeChart(figures)}](images/peers.svg)\n\n${describePeers(figures, run)}\n\n`;
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace(/^## Peers\n.*?(?=^## )/ms, () => section),
  );
  await writeFile(join(projectRoot, 'docs/images/peers.svg'), drawChart(figures));
}
