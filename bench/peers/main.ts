import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findProgram, install } from '../../scripts/install.ts';
import { machine } from '../machine.ts';
import { endAll } from '../processes.ts';
import { isMet } from '../rows.ts';
import { asynchronous } from './asynchronous.ts';
import { combineRuns } from './combine-runs.ts';
import { type Figures, measurePeers } from './figures.ts';
import { createIpx, ipxFolder } from './ipx.ts';
import { targets } from './report.ts';
import { service } from './service.ts';
import { createShellLoops, findImageMagick } from './shell-loops.ts';
import { synchronous } from './synchronous.ts';
import { describePeers, writeSection } from './write-section.ts';

// npm run bench:peers [-- --json] [--quick] [--runs 3] [--write]: compares the service with other ways to process images.
// With several runs the result has their medians. --write puts it into docs/performance.md and docs/images/peers.svg.

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    runs: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const runCount = Number(flags.runs);
if (!Number.isInteger(runCount) || runCount < 1) {
  console.error(`--runs is "${flags.runs}". Give a number of runs from 1.`);
  process.exit(2);
}
const say = (line: string) => process.stderr.write(`[peers, ${(performance.now() / 1000).toFixed(0)} s] ${line}\n`);

function installPeers(): void {
  const packages = {
    'libvips-tools': findProgram('vipsthumbnail'),
    imagemagick: findImageMagick(),
    strace: findProgram('strace'),
  };
  for (const [name, found] of Object.entries(packages)) if (!found) install({ what: name, apt: [name] }, say);
  if (!findProgram('vipsthumbnail') || !findImageMagick())
    throw new Error('Install the Debian packages libvips-tools and imagemagick, and run this again.');
  if (existsSync(join(ipxFolder, 'node_modules/ipx'))) return;
  say('Installing ipx: npm ci');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit'], { cwd: ipxFolder, stdio: ['ignore', 2, 2] });
}

installPeers();
const root = await mkdtemp(join(tmpdir(), 'bench-peers-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.once('exit', endAll);
const cores = availableParallelism();
const peers = [
  service('this service'),
  service('this service, all cores', { WORKER_CONCURRENCY: String(cores) }),
  asynchronous,
  synchronous,
  createIpx(),
  ...createShellLoops(),
];
try {
  const [begin, load = 0] = [performance.now(), loadavg()[0]];
  const runs: Figures[][] = [];
  for (let at = 1; at <= runCount; at += 1) {
    say(`run ${at} of ${runCount}`);
    const folder = join(root, `${at}`);
    await mkdir(folder);
    runs.push(await measurePeers(peers, { isQuick: flags.quick, root: folder, say }));
    await rm(folder, { recursive: true });
  }
  const conditions = { isQuick: flags.quick, minutes: (performance.now() - begin) / 60_000, load };
  const figures = combineRuns(runs);
  const rows = targets(figures).map((row) => ({ ...row, isMet: isMet(row) }));
  if (flags.json) console.log(JSON.stringify({ machine, conditions, figures, targets: rows, runs }, undefined, 2));
  else console.log(describePeers(runs, conditions));
  if (flags.write) await writeSection(runs, conditions);
  process.exitCode = rows.every((row) => row.isMet) ? 0 : 1;
} finally {
  endAll();
  await rm(root, { recursive: true, force: true });
}
