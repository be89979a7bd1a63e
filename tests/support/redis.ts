import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { probe } from '../../scripts/find-redis.ts';
import { findRedisServer, spawnRedisServer } from '../../scripts/redis-server.ts';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { freePort } from './ports.ts';
import { endProcess } from './processes.ts';

/** A Redis server of the test's own. */
export interface TestRedis {
  url: string;
  port: number;
  process: () => ChildProcess;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again with what it had on disk. */
  restart(): Promise<void>;
}

/** Starts a Redis server on a free port; it is gone after the tests of this file. */
export async function startRedis({ started = true, durable = false } = {}): Promise<TestRedis> {
  const program = findRedisServer();
  if (!program) throw new Error('There is no redis-server on PATH. "npm test" installs one.');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const folder = await temporaryFolder();
  let server: ChildProcess | undefined;

  const restart = async () => {
    server = spawnRedisServer(program, { port, folder, durable });
    while (await probe({ url })) await delay(20);
  };
  const kill = async () => {
    if (server) await endProcess(server, 'SIGKILL');
  };
  onCleanup(kill);
  if (started) await restart();

  return {
    url,
    port,
    kill,
    restart,
    process() {
      if (!server) throw new Error('this Redis was not started yet');
      return server;
    },
  };
}
