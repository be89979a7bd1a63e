import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort, probe } from '../scripts/find-redis.ts';
import { findRedisServer, spawnRedisServer } from '../scripts/redis-server.ts';
import { connectProducer } from '../src/queue/connection.ts';
import { createQueueClient, type QueueClient } from '../src/queue/queue-client.ts';
import { loadConfig } from '../src/shared/config.ts';
import { createLogger } from '../src/shared/logger.ts';
import { projectRoot } from '../src/shared/setting-types.ts';
import { settingDescriptions } from '../src/shared/settings.ts';
import { allocator } from '../src/worker/allocator.ts';

const started: ChildProcess[] = [];
const logger = createLogger('bench', 'warn');

/** Ends everything that was started here. */
export function endAll(): void {
  for (const child of started.splice(0)) child.kill('SIGKILL');
}

/** Ends one process and waits for that. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/**
 * Starts a program of the project, built or an opponent, and waits until it says that it is ready.
 *
 * @returns with what it said: an opponent its port
 */
export async function start(
  file: string,
  env: Record<string, string> = {},
  args: string[] = [],
): Promise<{ child: ChildProcess; said: unknown }> {
  // What the person who measures has set must not change what is measured.
  const none = Object.fromEntries(Object.keys(settingDescriptions).map((name) => [name, '']));
  const child = fork(join(projectRoot, file), args, {
    env: { ...process.env, ...none, NODE_ENV: 'production', LOG_LEVEL: 'warn', ...env },
    execArgv: file.endsWith('.ts') ? ['--import', 'tsx'] : [],
  });
  started.push(child);
  const message = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => undefined)]);
  if (!message) throw new Error(`${file} ended at its start`);
  return { child, said: message[0] };
}

/** What a picture took, in milliseconds: until it was there, and of all threads together. */
export interface Took {
  ms: number;
  cpuMs: number;
}

/**
 * Starts a process that makes one picture at a time.
 *
 * @param how as the service's child does, with its environment, or by the obvious chain
 * @returns makes one, and tells what it took
 */
export async function startMaker(how: 'ours' | 'obvious'): Promise<(file: string) => Promise<Took>> {
  const { child } = await start('bench/maker.ts', how === 'ours' ? allocator : {}, [how]);
  return async (file) => {
    child.send(file);
    const [took] = await once(child, 'message');
    return took;
  };
}

/** A service with a Redis of its own. */
export interface Service {
  url: string;
  redis: Redis;
  queue: QueueClient;
  api: ChildProcess;
  folders: { uploads: string; processed: string };
  startWorker(concurrency: number): Promise<ChildProcess>;
  stop(): Promise<void>;
}

/**
 * Starts a Redis and the API.
 *
 * @param folder of this service alone
 */
export async function startService(folder: string): Promise<Service> {
  const program = findRedisServer();
  if (!program) throw new Error('There is no redis-server on PATH: install one, or run "npm test" once, which does.');
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const redisUrl = `redis://127.0.0.1:${port}`;
  const server = spawnRedisServer(program, { port, folder: join(folder, 'redis'), durable: true });
  started.push(server);
  while (await probe({ url: redisUrl })) await delay(50);

  const folders = { uploads: join(folder, 'uploads'), processed: join(folder, 'processed') };
  const settings = {
    REDIS_URL: redisUrl,
    PORT: String(await freePort()),
    UPLOAD_DIR: folders.uploads,
    PROCESSED_DIR: folders.processed,
    MAX_BACKLOG: '0',
  };
  const { child: api } = await start('dist/api/main.js', settings);
  const config = loadConfig({ REDIS_URL: redisUrl });
  const redis = new Redis(redisUrl);
  const producer = connectProducer(config.redis, logger);
  await once(producer, 'ready');
  const queue = createQueueClient({
    redis: producer,
    prefix: config.queuePrefix,
    files: { remove: async () => {} },
    maxBacklog: 0,
    retentionMs: 0,
    waitReplicas: 0,
    logger,
  });
  const workers: ChildProcess[] = [];
  return {
    url: `http://127.0.0.1:${settings.PORT}`,
    redis,
    queue,
    api,
    folders,
    async startWorker(concurrency) {
      const { child: worker } = await start('dist/worker/main.js', {
        ...settings,
        WORKER_CONCURRENCY: String(concurrency),
      });
      workers.push(worker);
      return worker;
    },
    async stop() {
      redis.disconnect();
      await queue.close();
      for (const child of [...workers, api, server]) await end(child);
    },
  };
}

/** Starts an opponent that listens, with a folder of its own. */
export async function startOpponent(name: string, folder: string): Promise<{ url: string; child: ChildProcess }> {
  const { child, said } = await start(`bench/opponents/${name}.mjs`, {}, [folder]);
  return { url: `http://127.0.0.1:${said}`, child };
}

/** Milliseconds of CPU that a process has used so far, all its threads together. */
export async function cpuMs({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may hold anything: user and system time are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}

/** Mebibytes of memory that a process holds. */
export async function residentMiB(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
