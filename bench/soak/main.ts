import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../../scripts/find-redis.ts';
import { endAll, hasEnded, startService } from '../processes.ts';
import { startAgeing } from './ageing.ts';
import { judge } from './growth.ts';
import { startKilling } from './kill-children.ts';
import { startLoad } from './load.ts';
import { startOtherServer } from './other-server.ts';
import { table, writeDocument } from './report.ts';
import { createSampler, type Sample } from './samples.ts';

// npm run soak [-- --minutes 60] [--write]: runs the service under a mixed load and exits with 1 if anything grows without end. Works
// on Linux only, because it reads /proc. `--write` updates docs/reliability.md and its chart.

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    write: { type: 'boolean', default: false },
  },
});
const minutes = Number(flags.minutes);
const seed = Number(flags.seed);
if (!(minutes >= 10 && minutes <= 24 * 60)) {
  console.error('--minutes must be from 10 to 1440. In less time the caches of a new process look like growth.');
  process.exit(2);
}

const SAMPLE_INTERVAL_MS = 5000;
/** Hours until an ended batch is deleted: 36 seconds. */
const RETENTION_HOURS = '0.01';

const root = await mkdtemp(join(tmpdir(), 'soak-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.once('exit', () => {
  endAll();
  rmSync(root, { recursive: true, force: true });
});
const other = await startOtherServer();
const workerPort = await freePort();
const service = await startService(root, {
  RETENTION_HOURS,
  MAX_BACKLOG: '300',
  REUSE_RESULTS: 'true',
  REDIS_TIMEOUT_MS: '10000',
  WORKER_PORT: String(workerPort),
  // Broken images and killed children are a part of the load.
  LOG_LEVEL: 'fatal',
  ...other.settings,
});
const worker = await service.startWorker(2);
const sampler = createSampler(service, worker, `http://127.0.0.1:${workerPort}`);
const ageing = startAgeing(service);
const load = await startLoad(service.url, { seed, fileUrl: other.fileUrl, webhookUrl: other.webhookUrl });
const killing = startKilling(worker, seed);

const begin = Date.now();
const samples: Sample[] = [];
console.error(`soak for ${minutes} minutes, seed ${seed}, ${root}`);
for (let next = begin; Date.now() < begin + minutes * 60_000; next += SAMPLE_INTERVAL_MS) {
  await delay(Math.max(0, next - Date.now()));
  for (const { child, name } of [
    { child: service.api, name: 'API' },
    { child: worker, name: 'worker' },
  ]) {
    if (hasEnded(child)) throw new Error(`the ${name} has ended`);
  }
  samples.push({ minute: (Date.now() - begin) / 60_000, values: await sampler.read() });
  if (samples.length % 12 === 0) console.error(JSON.stringify({ ...samples.at(-1), ...load.counts() }));
}
await load.stop();
killing.stop();
await ageing.stop();
await service.stop();
other.close();

const rows = judge(samples);
const run = { minutes, counts: load.counts(), kills: killing.count() };
console.log(table(rows));
console.log(`\n${JSON.stringify(run)}`);
if (flags.write) writeDocument(samples, rows, run);
process.exitCode = rows.every(({ isBounded }) => isBounded) ? 0 : 1;
