import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { probe } from '../../scripts/find-redis.ts';
import { findRedisServer, installRedisServer, spawnRedisServer } from '../../scripts/redis-server.ts';
import { endLater } from '../processes.ts';

/**
 * Starts a Redis server and waits until it responds.
 *
 * @param as with the settings of `npm run up`, or with Redis's own defaults: snapshots, and no append-only file
 */
export async function startRedis(folder: string, port: number, as: 'service' | 'default'): Promise<ChildProcess> {
  if (!findRedisServer()) installRedisServer((line) => process.stderr.write(`${line}\n`));
  const program = findRedisServer() ?? '';
  mkdirSync(folder, { recursive: true });
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const server =
    as === 'service'
      ? spawnRedisServer(program, { port, folder, durable: true })
      : spawn(program, args, { stdio: 'ignore', detached: true });
  endLater(server);
  while (await probe({ url: `redis://127.0.0.1:${port}` })) await delay(50);
  return server;
}
