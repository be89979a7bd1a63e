import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { v4 as uuid } from 'uuid';
import { freePort, probe } from '../scripts/find-redis.ts';
import { findRedisServer, spawnRedisServer } from '../scripts/redis-server.ts';
import { connectProducer } from '../src/queue/connection.ts';
import { createQueueClient } from '../src/queue/queue-client.ts';
import { loadConfig } from '../src/shared/config.ts';
import { createLogger } from '../src/shared/logger.ts';
import { projectRoot } from '../src/shared/setting-types.ts';
import { median, percentile } from './statistics.ts';

// npm run bench:status: does reading a batch's status get slower with the backlog?
// Two whole services side by side, one with an empty queue and one with a backlog, asked in turn.

const BACKLOG_JOBS = 100_000;
const FILES = 10;
const ROUNDS = 2000;
const ALLOWED_RATIO = 1.3;

const logger = createLogger('bench', 'warn');
const started: ChildProcess[] = [];
const folder = await mkdtemp(join(tmpdir(), 'bench-status-'));

async function startService(name: string) {
  const port = await freePort();
  const redisUrl = `redis://127.0.0.1:${port}`;
  const program = findRedisServer();
  if (!program) throw new Error('There is no redis-server on PATH: install one, or run "npm test" once, which does.');
  started.push(spawnRedisServer(program, { port, folder: join(folder, name), durable: false }));
  while (await probe({ url: redisUrl })) await delay(50);

  const apiPort = String(await freePort());
  const settings = { PORT: apiPort, REDIS_URL: redisUrl, LOG_LEVEL: 'warn', UPLOAD_DIR: folder };
  const api = fork(join(projectRoot, 'src/api/main.ts'), {
    env: { ...process.env, ...settings, NODE_ENV: 'production' },
    execArgv: ['--import', 'tsx'],
  });
  started.push(api);
  await once(api, 'message');

  const redis = connectProducer(loadConfig({ REDIS_URL: redisUrl }).redis, logger);
  const queue = createQueueClient({
    redis,
    prefix: '{images}',
    files: { remove: async () => {} },
    maxBacklog: 0,
    retentionMs: 0,
    logger,
  });
  await once(redis, 'ready');
  const addBatch = async () => {
    const batchId = uuid();
    const files = Array.from({ length: FILES }, (_, index) => ({
      originalName: `photo ${index}.jpg`,
      format: 'jpeg' as const,
    }));
    const sender = { id: 'bench', owner: undefined };
    await queue.addBatch({ batchId, files, outputs: [{ options: {} }], sender }, async () => {});
    return batchId;
  };
  return { url: `http://127.0.0.1:${apiPort}`, addBatch, close: () => queue.close() };
}

async function fill(addBatch: () => Promise<string>, batches: number): Promise<string> {
  let middle = '';
  for (let added = 0; added < batches; added += 50) {
    const ids = await Promise.all(Array.from({ length: 50 }, addBatch));
    if (added <= batches / 2) middle = ids[0] ?? '';
    if (added % 1000 === 0) process.stdout.write(`\rfilling: ${added * FILES} of ${batches * FILES} jobs`);
  }
  process.stdout.write('\r');
  return middle;
}

async function timeToRead(url: string, batchId: string): Promise<number> {
  const begin = performance.now();
  const answer = await fetch(`${url}/batches/${batchId}`);
  const { status } = (await answer.json()) as { status: string };
  if (status !== 'waiting') throw new Error(`expected a waiting batch, got ${answer.status} ${status}`);
  return performance.now() - begin;
}

try {
  const empty = await startService('empty');
  const full = await startService('full');
  const targets = [
    { url: empty.url, batchId: await empty.addBatch(), times: [] as number[] },
    { url: full.url, batchId: await fill(full.addBatch, BACKLOG_JOBS / FILES), times: [] as number[] },
  ];
  for (let round = -200; round < ROUNDS; round += 1) {
    for (const target of targets) {
      const time = await timeToRead(target.url, target.batchId);
      // The first rounds warm both up.
      if (round >= 0) target.times.push(time);
    }
  }
  const [alone, behind] = targets.map(({ times }) => ({ median: median(times), p95: percentile(times, 95) }));
  if (!alone || !behind) throw new Error('nothing was measured');
  const ratio = behind.median / alone.median;
  console.log(`GET /batches/:id of a waiting batch of ${FILES} files, ${ROUNDS} times each, in turn`);
  console.log(`  empty queue:          median ${alone.median.toFixed(2)} ms, p95 ${alone.p95.toFixed(2)} ms`);
  console.log(
    `  ${BACKLOG_JOBS} jobs waiting:  median ${behind.median.toFixed(2)} ms, p95 ${behind.p95.toFixed(2)} ms`,
  );
  console.log(`  ratio of the medians: ${ratio.toFixed(2)} (at most ${ALLOWED_RATIO})`);
  process.exitCode = ratio > ALLOWED_RATIO ? 1 : 0;
  await Promise.all([empty.close(), full.close()]);
} finally {
  for (const child of started) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
