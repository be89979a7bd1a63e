import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findProgram, install } from '../../scripts/install.ts';
import { machine } from '../machine.ts';
import { endAll } from '../processes.ts';
import { isMet } from '../rows.ts';
import { asynchronous } from './asynchronous.ts';
import { measurePeers } from './figures.ts';
import { createIpx, ipxFolder } from './ipx.ts';
import { targets } from './report.ts';
import { service } from './service.ts';
import { createShellLoops, findImageMagick } from './shell-loops.ts';
import { synchronous } from './synchronous.ts';
import { describePeers, writeSection } from './write-section.ts';

// npm run bench:peers [-- --json] [--quick] [--write]: compares the service with other ways to process images, within one run.
// --write puts the result into docs/performance.md and docs/images/peers.svg.

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
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
  const figures = await measurePeers(peers, { isQuick: flags.quick, root, say });
  const run = { isQuick: flags.quick, minutes: (performance.now() - begin) / 60_000, load };
  const rows = targets(figures).map((row) => ({ ...row, isMet: isMet(row) }));
  if (flags.json) console.log(JSON.stringify({ machine, run, figures, targets: rows }, undefined, 2));
  else console.log(describePeers(figures, run));
  if (flags.write) await writeSection(figures, run);
  process.exitCode = rows.every((row) => row.isMet) ? 0 : 1;
} finally {
  endAll();
  await rm(root, { recursive: true, force: true });
}
