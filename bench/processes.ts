import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
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

/** Kills all processes that were started here. */
export function endAll(): void {
  for (const child of started.splice(0)) child.kill('SIGKILL');
}

/** Kills a process at the end of the benchmark, if it is still running then. */
export function endLater<T extends ChildProcess>(child: T): T {
  started.push(child);
  return child;
}

/** Kills a process and waits for its exit. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/**
 * Starts a process of the service or a baseline, and waits for its first message.
 *
 * @returns the process and the message; the message of a baseline server is its port
 */
export async function start(
  file: string,
  env: Record<string, string> = {},
  args: string[] = [],
): Promise<{ child: ChildProcess; message: unknown }> {
  // Ignore the developer's own settings.
  const none = Object.fromEntries(Object.keys(settingDescriptions).map((name) => [name, '']));
  const child = fork(join(projectRoot, file), args, {
    env: { ...process.env, ...none, NODE_ENV: 'production', LOG_LEVEL: 'warn', ...env },
    execArgv: file.endsWith('.ts') ? ['--import', 'tsx'] : [],
    // Only the results go to the standard output.
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  started.push(child);
  const message = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => undefined)]);
  if (!message) throw new Error(`${file} ended before it was ready`);
  return { child, message: message[0] };
}

/** Times of one image in milliseconds: elapsed time, and CPU time of all threads. */
export interface ImageTimes {
  ms: number;
  cpuMs: number;
}

/**
 * Starts a process that processes one image at a time.
 *
 * @param pipeline the service's pipeline with the environment of its child, or the plain sharp pipeline
 * @returns a function that processes one image and returns its times
 */
export async function startImageProcess(pipeline: 'service' | 'plain'): Promise<(file: string) => Promise<ImageTimes>> {
  const { child } = await start('bench/image-process.ts', pipeline === 'service' ? allocator : {}, [pipeline]);
  return async (file) => {
    child.send(file);
    const [times] = await once(child, 'message');
    return times;
  };
}

/** A service with its own Redis. */
export interface Service {
  url: string;
  redis: Redis;
  queue: QueueClient;
  api: ChildProcess;
  redisServer: ChildProcess;
  folders: { uploads: string; processed: string };
  startWorker(concurrency: number): Promise<ChildProcess>;
  stop(): Promise<void>;
}

/**
 * Starts Redis and the API.
 *
 * @param folder folder for the data of this service
 * @param more further settings of both processes
 */
export async function startService(folder: string, more: Record<string, string> = {}): Promise<Service> {
  const program = findRedisServer();
  if (!program) throw new Error('redis-server is not on PATH. Install it, or run "npm test", which installs it.');
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
    // Most measures read the CPU or the memory of this one process.
    API_PROCESSES: '1',
    ...more,
  };
  const { child: api } = await start('dist/api/main.js', settings);
  const config = loadConfig({ REDIS_URL: redisUrl });
  const redis = new Redis(redisUrl);
  const producer = connectProducer(config.redis, logger);
  await once(producer, 'ready');
  const queue = createQueueClient({
    redis: producer,
    prefix: config.queuePrefix,
    files: { remove: async () => {}, removeFile: async () => {} },
    maxBacklog: 0,
    retentionMs: 0,
    waitReplicas: 0,
    timeoutMs: config.redis.timeoutMs,
    logger,
  });
  const workers: ChildProcess[] = [];
  return {
    url: `http://127.0.0.1:${settings.PORT}`,
    redis,
    queue,
    api,
    redisServer: server,
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

/** Starts a baseline server with its own folder. */
export async function startBaseline(name: string, folder: string): Promise<{ url: string; child: ChildProcess }> {
  const { child, message } = await start(`bench/baselines/${name}.mjs`, {}, [folder]);
  return { url: `http://127.0.0.1:${message}`, child };
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Returns the ids of the children that a process's main thread has started, oldest first. */
export function childrenOf(pid: number | undefined): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

/** Returns the CPU time of a process in milliseconds, of all its threads. */
export async function cpuMs(pid: number | undefined): Promise<number> {
  return cpuIn(`/proc/${pid}/stat`);
}

/** Returns the CPU time of the main thread of a process in milliseconds. */
export async function mainThreadMs(pid: number): Promise<number> {
  return cpuIn(`/proc/${pid}/task/${pid}/stat`);
}

async function cpuIn(file: string): Promise<number> {
  const stat = await readFile(file, 'utf8');
  // Skip the name, which may contain any character. User and system time are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}

/** Returns the resident memory of a process in mebibytes, or its peak. */
export async function residentMiB(pid: number | undefined, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}
