import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, install } from './install.ts';

/** Finds `redis-server` or `valkey-server` on PATH. */
export function findRedisServer(): string | undefined {
  return findProgram('redis-server', 'valkey-server');
}

/**
 * Installs a Redis server by the system's package manager, after saying so.
 *
 * @throws {Error} with the three ways to get a Redis, when that would take a question or did not work
 */
export function installRedisServer(say: (line: string) => void): void {
  install({ what: 'Redis', apt: ['redis-server'], brew: ['redis'] }, say);
  if (findRedisServer()) return;
  throw new Error(
    [
      'There is no Redis, and none can be installed without asking you. Any one of these three will do:',
      '  1. install it: "sudo apt-get install redis-server", "brew install redis", or see https://redis.io/docs',
      '  2. start one in a container: docker run -d -p 6379:6379 redis redis-server --appendonly yes',
      '  3. name one that runs elsewhere: REDIS_URL=redis://user:password@host:6379 in the environment or in .env',
    ].join('\n'),
  );
}

/** Beside a server's data: two servers on the same data would destroy it, so whoever wants one must find the other. */
const PORT_FILE = 'port';

/** The port that the server of a folder was last started on. */
export function lastPort(folder: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, PORT_FILE), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** How a server of our own is started. */
export interface RedisServerOptions {
  port: number;
  /** Folder of its data and its log. */
  folder: string;
  /** Whether what it holds must outlive it. */
  durable: boolean;
}

/** Starts a Redis server that only this machine can reach. It is not ready yet when this returns. */
export function spawnRedisServer(program: string, { port, folder, durable }: RedisServerOptions): ChildProcess {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, PORT_FILE), String(port));
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    logfile: join(folder, 'redis.log'),
    save: '',
    appendonly: durable ? 'yes' : 'no',
    // A queue must never forget a job to make room for another.
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  // In a process group of its own: Ctrl-C is for whoever started it, who ends it last.
  return spawn(program, args, { stdio: 'ignore', detached: true });
}
