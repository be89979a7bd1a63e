import { createServer } from 'node:net';
import { open } from '../src/queue/connection.ts';
import type { RedisConfig } from '../src/shared/config.ts';
import { findRedisServer, installRedisServer, lastPort } from './redis-server.ts';

const DEFAULT_PORT = 6379;
/** Milliseconds in which a Redis that is there answers. */
const PROBE_LIMIT_MS = 2000;

/** The Redis to use: one that runs, or the program and port of one to start. */
export type FoundRedis = { url: string | undefined } | { program: string; port: number };

/**
 * Decides which Redis to use, in this order: the one that was named; one on localhost:6379; a server on PATH, to be
 * started; one that the package manager installs. Says in one line which it took.
 *
 * @param folder where a server of our own keeps its data
 * @param localPort where to look on this machine
 * @throws {Error} that says what to do when there is none
 */
export async function findRedis(
  config: RedisConfig,
  folder: string,
  say: (line: string) => void,
  localPort = DEFAULT_PORT,
): Promise<FoundRedis> {
  if (config.isNamed) {
    const fault = await probe(config);
    const where = describe(config);
    if (fault)
      throw new Error(`The Redis that you named, ${where}, does not answer: ${fault}. Start it, or correct REDIS_*.`);
    say(`the one you named, ${where}`);
    return { url: undefined };
  }

  const local = await useLocal(localPort, say);
  if (local) return local;
  const ourPort = lastPort(folder);
  if (ourPort !== undefined && !(await probe({ url: `redis://localhost:${ourPort}` }))) {
    say(`the one that was started for this before, on port ${ourPort}`);
    return { url: `redis://localhost:${ourPort}` };
  }
  const wasInstalled = !findRedisServer();
  if (wasInstalled) {
    installRedisServer(say);
    // Some packages start a server themselves.
    const started = await useLocal(localPort, say);
    if (started) return started;
  }
  const program = findRedisServer() ?? '';
  const port = (await isFree(localPort)) ? localPort : await freePort();
  say(`${program}, ${wasInstalled ? 'just installed and ' : ''}started for this on port ${port}, data in .redis/`);
  return { program, port };
}

async function useLocal(port: number, say: (line: string) => void): Promise<FoundRedis | undefined> {
  const url = `redis://localhost:${port}`;
  const fault = await probe({ url });
  if (!fault) {
    say(`the one that answers on localhost:${port}`);
    return { url };
  }
  if (!/ECONNREFUSED/.test(fault)) {
    const hint = /NOAUTH/.test(fault) ? ' (set REDIS_PASSWORD to use it)' : '';
    say(`something on localhost:${port} is of no use: ${fault}${hint}`);
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
 * Asks a Redis for an answer.
 *
 * @returns what is wrong, or `undefined` when it answers
 */
export async function probe(config: Partial<RedisConfig>): Promise<string | undefined> {
  const options = { lazyConnect: true, retryStrategy: () => null };
  const redis = open(config, options);
  let fault: Error | undefined;
  redis.on('error', (error: Error) => {
    fault ??= error;
  });
  const limit = setTimeout(() => {
    fault ??= new Error(`no answer within ${PROBE_LIMIT_MS / 1000} s`);
    redis.disconnect();
  }, PROBE_LIMIT_MS);
  try {
    await redis.connect();
    await redis.ping();
    return undefined;
  } catch (error) {
    return String((fault ?? (error as Error)).message || (fault as NodeJS.ErrnoException)?.code);
  } finally {
    clearTimeout(limit);
    // On one that is closed already this would keep the process alive for seconds.
    if (redis.status !== 'end') redis.disconnect();
  }
}

/** A port that nothing listens on. */
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
