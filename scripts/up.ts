import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../src/shared/config.ts';
import { reportsReady } from '../src/shared/run.ts';
import { projectRoot } from '../src/shared/setting-types.ts';
import { type Service, type Supervised, supervise } from '../src/shared/supervise.ts';
import { findRedis, probe } from './find-redis.ts';
import { createOutput } from './output.ts';
import { spawnRedisServer } from './redis-server.ts';

// `npm run up`: starts Redis, the API and the worker, and stops them on Ctrl-C.

/** Milliseconds that a process may take to shut down beyond `SHUTDOWN_SECONDS`. A primary kills its processes before that. */
const MARGIN_MS = 8000;

const config = configOrExit();
const { say, sayError, stdio, follow } = await createOutput(config.logLevel);
const running: Supervised[] = [];
let isStopping = false;

function configOrExit() {
  try {
    return loadConfig();
  } catch (error) {
    console.error(messageOf(error));
    process.exit(1);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Stops all services in the reverse order of their start. Redis is the last one, because the others need it to shut down. */
async function stop(exitCode: number, limitMs: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  for (const service of running.splice(0).reverse()) await service.stop(limitMs);
  say('stopped');
  process.exit(exitCode);
}

/** Starts a service under supervision and waits until it is ready. */
async function start(service: Service): Promise<void> {
  if (isStopping) return new Promise(() => {});
  const supervised = supervise(service, say);
  running.push(supervised);
  await supervised.ready;
}

/** Resolves when the Redis server of `child` responds, and never if it ends before that. */
async function responds(url: string, child: ChildProcess): Promise<void> {
  while (await probe({ url })) {
    if (child.exitCode !== null || child.signalCode !== null) return new Promise(() => {});
    await delay(50);
  }
}

async function up(): Promise<void> {
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
      await start({
        name: 'Redis',
        start: () => spawnRedisServer(program, { port, folder, durable: true }),
        ready: (child) => responds(url, child),
      });
    }

    say('building …');
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: projectRoot, stdio: 'inherit' });
    const env = { NODE_ENV: 'production', ...process.env, ...(redisUrl && { REDIS_URL: redisUrl }) };
    for (const name of ['api', 'worker']) {
      const file = join(projectRoot, 'dist', name, 'main.js');
      const startChild = () => {
        // In its own process group, so that Ctrl-C does not reach it directly: we stop the services in order.
        const child = fork(file, { cwd: projectRoot, env, detached: true, execArgv: [], stdio });
        follow(name, child);
        return child;
      };
      await start({ name, start: startChild, ready: reportsReady });
    }

    const host = ['127.0.0.1', '0.0.0.0', '::'].includes(config.host) ? 'localhost' : config.host;
    const service = `http://${host}:${config.port}`;
    say(`ready: ${service}`);
    say(`docs:  ${service}/docs`);
    say(`try:   curl -F images=@docs/images/before.jpg ${service}/process-images`);
    say('stop:  Ctrl-C');
  } catch (error) {
    if (isStopping) return;
    sayError(messageOf(error));
    await stop(1, limitMs);
  }
}

await up();
