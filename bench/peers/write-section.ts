import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { describeMachine } from '../machine.ts';
import { isMet, table } from '../rows.ts';
import { describeChart, drawChart } from './chart.ts';
import { combineRuns } from './combine-runs.ts';
import type { Figures } from './figures.ts';
import { figuresTable, ratiosTable, targets } from './report.ts';

/** The conditions of the runs. */
export interface Conditions {
  isQuick: boolean;
  minutes: number;
  /** Load average of the machine before the first run. */
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
  upload was acknowledged and its result never became available. Images without a response were never acknowledged. The counts of
  several runs are added up.`;

/** Describes the comparison in Markdown: the peers, the figures, and the targets. */
export function describePeers(runs: readonly Figures[][], { isQuick, minutes, load }: Conditions): string {
  const figures = combineRuns(runs);
  const kind = isQuick ? 'quick' : 'full';
  const isOne = runs.length === 1;
  const what = isOne
    ? `figures of a ${kind} run of ${minutes.toFixed(0)} minutes`
    : `medians of ${runs.length} ${kind} runs of ${(minutes / runs.length).toFixed(0)} minutes each`;
  const peers = figures.map(({ name, what, versions }) => `- **${name}**: ${what}\n  (${versions})`);
  const rows = targets(figures);
  const missed = rows.filter((row) => !isMet(row)).map(({ what, reason }) => `- ${what}: ${reason}`);
  return [
    `\`npm run bench:peers\` compares the service with other ways to process the same images, in turn within one run. These are the
${what} (${describeMachine()}). The load average
before ${isOne ? 'it' : 'them'} was ${load.toFixed(1)}.`,
    peers.join('\n'),
    METHOD,
    figuresTable(figures),
    'The service with its default settings compared with the servers that also receive uploads:',
    table(rows),
    ...(isOne ? [] : ['The ratios of each run:', ratiosTable(runs)]),
    ...(missed.length > 0 ? [`Missed targets:\n\n${missed.join('\n')}`] : []),
  ].join('\n\n');
}

/** Replaces the section "Peers" of docs/performance.md, and its chart. */
export async function writeSection(runs: readonly Figures[][], conditions: Conditions): Promise<void> {
  const file = join(projectRoot, 'docs/performance.md');
  const figures = combineRuns(runs);
  const section = `## Peers\n\n![${describeChart(figures)}](images/peers.svg)\n\n${describePeers(runs, conditions)}\n\n`;
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace(/^## Peers\n.*?(?=^## )/ms, () => section),
  );
  await writeFile(join(projectRoot, 'docs/images/peers.svg'), drawChart(figures));
}
