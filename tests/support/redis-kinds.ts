import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { probe } from '../../scripts/find-redis.ts';
import { findRedisServer } from '../../scripts/redis-server.ts';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { freePort } from './ports.ts';
import { endProcess, until } from './processes.ts';

/** A Redis server of a cluster, of a Sentinel set-up, or with TLS. */
export interface RedisNode {
  port: number;
  kill(): Promise<void>;
}

/** Starts a Redis server on this machine, without waiting until it responds. */
async function spawnNode(args: string[], port?: number): Promise<RedisNode> {
  const program = findRedisServer();
  if (!program) throw new Error('redis-server is not on PATH. "npm test" installs it.');
  const at = port ?? (await freePort());
  const common = ['--port', String(at), '--bind', '127.0.0.1', '--dir', await temporaryFolder(), '--save', ''];
  const child: ChildProcess = spawn(program, [...args, ...common], { stdio: 'ignore' });
  const kill = () => endProcess(child, 'SIGKILL');
  onCleanup(kill);
  return { port: at, kill };
}

async function untilReady({ port }: RedisNode): Promise<void> {
  while (await probe({ host: '127.0.0.1', port })) await delay(50);
}

/** Runs a function with a connection to one server. */
async function withRedis<T>(port: number, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ host: '127.0.0.1', port });
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

const SLOTS = 16_384;

/** Starts a cluster of three masters. */
export async function startCluster(): Promise<{ settings: Record<string, string>; nodes: RedisNode[] }> {
  const args = ['--cluster-enabled', 'yes', '--appendonly', 'yes', '--cluster-node-timeout', '15000'];
  // The cluster bus listens on the port + 10,000.
  const nodes: RedisNode[] = [];
  while (nodes.length < 3) nodes.push(await spawnNode(args));
  await Promise.all(nodes.map(untilReady));
  for (const [index, { port }] of nodes.entries()) {
    const [first, last] = [index, index + 1].map((part) => Math.floor((part * SLOTS) / nodes.length));
    await withRedis(port, async (redis) => {
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', String(first), String((last ?? 0) - 1));
      for (const other of nodes) await redis.call('CLUSTER', 'MEET', '127.0.0.1', String(other.port));
    });
  }
  for (const { port } of nodes) {
    await until(() =>
      withRedis(port, async (redis) => {
        const info = String(await redis.call('CLUSTER', 'INFO'));
        return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
      }),
    );
  }
  return { settings: { REDIS_CLUSTER: nodes.map(({ port }) => `127.0.0.1:${port}`).join(',') }, nodes };
}

/** Starts a master, two replicas and three sentinels. */
export async function startSentinels(): Promise<{
  settings: Record<string, string>;
  master: RedisNode;
  /** Port of the present master according to the sentinels. */
  masterPort(): Promise<number>;
}> {
  const master = await spawnNode(['--appendonly', 'yes']);
  await untilReady(master);
  const replicaArgs = ['--appendonly', 'yes', '--replicaof', '127.0.0.1', String(master.port)];
  const replicas = [await spawnNode(replicaArgs), await spawnNode(replicaArgs)];
  await Promise.all(replicas.map(untilReady));
  await until(() =>
    withRedis(master.port, async (redis) => (await redis.info('replication')).split('state=online').length === 3),
  );
  const sentinels: RedisNode[] = [];
  for (let index = 0; index < 3; index += 1) {
    const file = join(await temporaryFolder(), 'sentinel.conf');
    const rules = [
      `sentinel monitor mymaster 127.0.0.1 ${master.port} 2`,
      'sentinel down-after-milliseconds mymaster 3000',
      'sentinel failover-timeout mymaster 5000',
    ];
    await writeFile(file, `${rules.join('\n')}\n`);
    sentinels.push(await spawnNode([file, '--sentinel']));
  }
  await Promise.all(sentinels.map(untilReady));
  const [first] = sentinels;
  const sentinel = <T>(work: (redis: Redis) => Promise<T>) => withRedis(first?.port ?? 0, work);
  // A sentinel can vote for a new master only once it knows the other sentinels and the replicas.
  for (const { port } of sentinels) {
    await until(() =>
      withRedis(port, async (redis) => {
        const others = (await redis.call('SENTINEL', 'SENTINELS', 'mymaster')) as unknown[];
        const known = (await redis.call('SENTINEL', 'REPLICAS', 'mymaster')) as unknown[];
        return others.length === 2 && known.length === 2;
      }),
    );
  }
  return {
    settings: { REDIS_SENTINELS: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',') },
    master,
    async masterPort() {
      const [, port] = (await sentinel((redis) =>
        redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'),
      )) as string[];
      return Number(port);
    },
  };
}

/** Starts a server that accepts TLS only, and one user with a password. */
export async function startTlsRedis(): Promise<{ settings: Record<string, string>; authority: string }> {
  const folder = await temporaryFolder();
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
  execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
  const port = await freePort();
  const tls = ['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key];
  const users = '--user default off --user images on >let-me-in allkeys allchannels allcommands'.split(' ');
  await spawnNode([...tls, '--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no', ...users], 0);
  const settings = {
    REDIS_HOST: 'localhost',
    REDIS_PORT: String(port),
    REDIS_USERNAME: 'images',
    REDIS_PASSWORD: 'let-me-in',
  };
  return { settings: { ...settings, REDIS_TLS: 'true' }, authority: certificate };
}
