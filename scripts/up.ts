import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../src/shared/config.ts';
import { projectRoot } from '../src/shared/setting-types.ts';
import { findRedis, probe } from './find-redis.ts';
import { spawnRedisServer } from './redis-server.ts';
import { type Service, type Supervised, supervise } from './supervise.ts';

// `npm run up`: the whole service by one command, and its end by Ctrl-C.

/** Milliseconds that the last steps of a process may take beyond the time its work has. */
const MARGIN_MS = 6000;

const say = (line: string) => console.log(`[up] ${line}`);
const running: Supervised[] = [];
let isStopping = false;

/** Ends everything in the reverse order of its start: Redis last, since the others still need it. */
async function stop(exitCode: number, limitMs: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  for (const service of running.splice(0).reverse()) await service.stop(limitMs);
  say('stopped');
  process.exit(exitCode);
}

/** Starts a process that is kept alive, and waits until it is ready. */
async function keep(service: Service): Promise<void> {
  if (isStopping) return new Promise(() => {});
  const supervised = supervise(service, say);
  running.push(supervised);
  await supervised.ready;
}

/** Resolves when a process of ours has said that it is ready. */
function saidReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('message', () => resolve()));
}

/** Resolves when a Redis of ours answers; when it dies before that, never. */
async function answers(url: string, child: ChildProcess): Promise<void> {
  while (await probe({ url })) {
    if (child.exitCode !== null || child.signalCode !== null) return new Promise(() => {});
    await delay(50);
  }
}

async function up(): Promise<void> {
  const config = loadConfig();
  const limitMs = config.shutdownMs + MARGIN_MS;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0, limitMs));

  try {
    const folder = join(projectRoot, '.redis');
    const redis = await findRedis(config.redis, folder, (line) => say(`Redis: ${line}`));
    let redisUrl = 'url' in redis ? redis.url : undefined;
    if ('program' in redis) {
      const { program, port } = redis;
      const url = `redis://127.0.0.1:${port}`;
      redisUrl = url;
      await keep({
        name: 'Redis',
        start: () => spawnRedisServer(program, { port, folder, durable: true }),
        ready: (child) => answers(url, child),
      });
    }

    say('building …');
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: projectRoot, stdio: 'inherit' });
    const env = { NODE_ENV: 'production', ...process.env, ...(redisUrl && { REDIS_URL: redisUrl }) };
    for (const name of ['api', 'worker']) {
      const file = join(projectRoot, 'dist', name, 'main.js');
      // In a process group of its own, so that Ctrl-C reaches it only through us, in order.
      const start = () => fork(file, { cwd: projectRoot, env, detached: true, execArgv: [] });
      await keep({ name, start, ready: saidReady });
    }

    const host = ['127.0.0.1', '0.0.0.0', '::'].includes(config.host) ? 'localhost' : config.host;
    const service = `http://${host}:${config.port}`;
    say(`ready: ${service}`);
    say(`docs:  ${service}/docs`);
    say(`try:   curl -F images=@docs/images/before.jpg ${service}/process-images`);
    say('stop:  Ctrl-C');
  } catch (error) {
    if (isStopping) return;
    console.error(error instanceof Error ? error.message : error);
    await stop(1, limitMs);
  }
}

await up().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
