import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { probe } from '../../scripts/find-redis.ts';
import { findRedisServer, spawnRedisServer } from '../../scripts/redis-server.ts';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { freePort } from './ports.ts';
import { endProcess } from './processes.ts';

/** A Redis server for one test file. */
export interface TestRedis {
  url: string;
  port: number;
  process: () => ChildProcess;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again with the data on its disk. */
  restart(): Promise<void>;
}

/** Starts a Redis server on a free port. It is stopped after the tests of the file. */
export async function startRedis({ started = true, durable = false } = {}): Promise<TestRedis> {
  const program = findRedisServer();
  if (!program) throw new Error('redis-server is not on PATH. "npm test" installs it.');
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
      if (!server) throw new Error('this Redis has not been started');
      return server;
    },
  };
}
