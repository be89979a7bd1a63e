import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, install } from './install.ts';

/** Finds `redis-server` or `valkey-server` on PATH. */
export function findRedisServer(): string | undefined {
  return findProgram('redis-server', 'valkey-server');
}

/**
 * Installs a Redis server with the system's package manager.
 *
 * @throws {Error} with three ways to get Redis, if the installation would need a prompt or failed
 */
export function installRedisServer(say: (line: string) => void): void {
  install({ what: 'Redis', apt: ['redis-server'], brew: ['redis'] }, say);
  if (findRedisServer()) return;
  throw new Error(
    [
      'Redis was not found, and could not be installed without a prompt. Do one of the following:',
      '  1. Install it: "sudo apt-get install redis-server", "brew install redis", or see https://redis.io/docs',
      '  2. Start it in a container: docker run -d -p 6379:6379 redis redis-server --appendonly yes',
      '  3. Use a server elsewhere: set REDIS_URL=redis://user:password@host:6379 in the environment or in .env',
    ].join('\n'),
  );
}

/** File beside a server's data with its port. Two servers on the same data would destroy it, so a later start reads this file. */
const PORT_FILE = 'port';

/** Returns the port on which the server with this data folder was last started. */
export function lastPort(folder: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, PORT_FILE), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** Settings of a Redis server that we start. */
export interface RedisServerOptions {
  port: number;
  /** Folder for its data and its log. */
  folder: string;
  /** Whether to write an append-only file, so that the data survives a restart. */
  durable: boolean;
}

/** Starts a Redis server on the loopback address, without waiting until it is ready. */
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
    // Redis must never evict a job to free memory.
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  // In its own process group, so that Ctrl-C does not reach it. The script that started it ends it last.
  return spawn(program, args, { stdio: 'ignore', detached: true });
}
