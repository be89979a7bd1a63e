import { createServer } from 'node:net';
import { open } from '../src/queue/connection.ts';
import type { RedisConfig } from '../src/shared/config.ts';
import { findRedisServer, installRedisServer, lastPort } from './redis-server.ts';

const DEFAULT_PORT = 6379;
/** Timeout of a probe in milliseconds. */
const PROBE_LIMIT_MS = 2000;

/** The Redis to use: a running server, or the program and port of a server to start. */
export type FoundRedis = { url: string | undefined } | { program: string; port: number };

/**
 * Chooses the Redis to use and prints the choice in one line. In this order:
 *
 * 1. the server that the settings name
 * 2. a server on localhost:6379
 * 3. a server that an earlier start has left running
 * 4. a new server, with the program on PATH or one that the package manager installs
 *
 * @param folder data folder of a server that we start
 * @param localPort port to probe on this machine
 * @throws {Error} with instructions when no Redis is found and none can be installed
 */
export async function findRedis(
  config: RedisConfig,
  folder: string,
  say: (line: string) => void,
  localPort = DEFAULT_PORT,
): Promise<FoundRedis> {
  if (config.isNamed) {
    const failure = await probe(config);
    const where = describe(config);
    if (failure)
      throw new Error(`The Redis that you named, ${where}, does not answer: ${failure}. Start it, or correct REDIS_*.`);
    say(`the one you named, ${where}`);
    return { url: undefined };
  }

  const local = await useLocal(localPort, say);
  if (local) return local;
  const ourPort = lastPort(folder);
  if (ourPort !== undefined && !(await probe({ url: `redis://localhost:${ourPort}` }))) {
    say(`the one that an earlier start has left running, on port ${ourPort}`);
    return { url: `redis://localhost:${ourPort}` };
  }
  const wasInstalled = !findRedisServer();
  if (wasInstalled) {
    installRedisServer(say);
    // Some packages start the server on installation.
    const started = await useLocal(localPort, say);
    if (started) return started;
  }
  const program = findRedisServer() ?? '';
  const port = (await isFree(localPort)) ? localPort : await freePort();
  say(`${program}${wasInstalled ? ' (just installed)' : ''}, started on port ${port}, data in .redis/`);
  return { program, port };
}

async function useLocal(port: number, say: (line: string) => void): Promise<FoundRedis | undefined> {
  const url = `redis://localhost:${port}`;
  const failure = await probe({ url });
  if (!failure) {
    say(`the one that runs on localhost:${port}`);
    return { url };
  }
  if (!/ECONNREFUSED/.test(failure)) {
    const hint = /NOAUTH/.test(failure) ? ' (set REDIS_PASSWORD to use it)' : '';
    say(`the server on localhost:${port} cannot be used: ${failure}${hint}`);
  }
  return undefined;
}

function describe({ url, host, port, sentinels, sentinelName, cluster }: RedisConfig): string {
  const list = (addresses: typeof cluster) => addresses.map((each) => `${each.host}:${each.port}`).join(', ');
  if (cluster.length > 0) return `the cluster at ${list(cluster)}`;
  if (sentinels.length > 0) return `"${sentinelName}" of the sentinels at ${list(sentinels)}`;
  if (!url) return `${host}:${port}`;
  const { protocol, host: address } = new URL(url);
  return `${protocol}//${address}`;
}

/**
 * Sends a PING to a Redis server.
 *
 * @returns the reason of the failure; `undefined` if the server responds
 */
export async function probe(config: Partial<RedisConfig>): Promise<string | undefined> {
  const options = { lazyConnect: true, retryStrategy: () => null };
  const redis = open(config, options);
  let firstError: Error | undefined;
  redis.on('error', (error: Error) => {
    firstError ??= error;
  });
  const limit = setTimeout(() => {
    firstError ??= new Error(`no response within ${PROBE_LIMIT_MS / 1000} s`);
    redis.disconnect();
  }, PROBE_LIMIT_MS);
  try {
    await redis.connect();
    await redis.ping();
    return undefined;
  } catch (error) {
    return String((firstError ?? (error as Error)).message || (firstError as NodeJS.ErrnoException)?.code);
  } finally {
    clearTimeout(limit);
    // On a closed connection `disconnect` would keep the process alive for seconds.
    if (redis.status !== 'end') redis.disconnect();
  }
}

/** Finds a port on which nothing listens. */
export function freePort(): Promise<number> {
  return listenBriefly(0).then((port) => port ?? freePort());
}

/** Whether nothing listens on a port. */
export async function isFree(port: number): Promise<boolean> {
  return (await listenBriefly(port)) !== undefined;
}

function listenBriefly(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
