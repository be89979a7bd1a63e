import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { hasBucketServer } from '../../scripts/s3-server.ts';
import { loadConfig, type S3Config } from '../../src/shared/config.ts';
import { createBucketClient } from '../../src/storage/s3/client.ts';
import { openS3Storage } from '../../src/storage/s3/s3-storage.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { describeIf } from './describe-if.ts';
import { environment } from './environment.ts';
import type { Host } from './hosts.ts';
import { freePort } from './ports.ts';
import { endProcess } from './processes.ts';

/** `describe` for tests that need an S3 server. */
export const describeWithBucket = describeIf(
  hasBucketServer() ? undefined : 'OpenStack Swift was not found, and could not be installed without a prompt',
);

/** A bucket for one test file, in OpenStack Swift, whose proxy server implements S3. */
export interface TestBucket {
  /** Settings for a service, or for {@link openTestBucket}. */
  settings: Record<string, string>;
  /** Sends a signal to the proxy server. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Kills the proxy server. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** The host on which Swift runs. */
type BucketHost = Pick<Host, 'address' | 'expose'> & { command: readonly string[] };
const thisMachine: BucketHost = {
  address: '127.0.0.1',
  command: [],
  expose: async (port) => `http://127.0.0.1:${port}`,
};

const STORES = ['account', 'container', 'object'];
/** Debian's Python, since another one on PATH may lack the Swift packages. */
const PYTHON = '/usr/bin/python3';
/** Writes the rings, which map all data to the one disk. Swift's own ring builder program takes seconds. */
const MAKE_RINGS = `
import sys
from swift.common.ring import RingBuilder
folder, address, *ports = sys.argv[1:]
for store, port in zip(${JSON.stringify(STORES)}, map(int, ports)):
    builder = RingBuilder(1, 1, 0)
    place = {'ip': address, 'port': port, 'replication_ip': address, 'replication_port': port}
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'device': 'one', 'weight': 1, **place})
    builder.rebalance()
    builder.get_ring().save(f'{folder}/{store}.ring.gz')
`;
const BUCKET = 'images';
const key = { accessKeyId: 'test:tester', secretAccessKey: 'testing' };

/** Starts Swift with an empty bucket, on this machine or another host. It is stopped after the tests of the file. */
export async function startBucket({ address, command, expose }: BucketHost = thisMachine): Promise<TestBucket> {
  const folder = await temporaryFolder();
  const start = async (part: string, settings: string, port: number) => {
    const file = join(folder, `${part}.conf`);
    const common = `bind_ip = ${address}\nbind_port = ${port}\nworkers = 0\nswift_dir = ${folder}\nuser = ${userInfo().username}`;
    await writeFile(file, `[DEFAULT]\n${common}\n${settings}`);
    const [program = '', ...args] = [...command, `swift-${part}-server`, file];
    const server = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    onCleanup(() => endProcess(server, 'SIGKILL'));
    const url = await expose(port);
    while (!(await isReachable(url))) {
      if (server.exitCode !== null) throw new Error(`swift-${part}-server has ended`);
      await delay(50);
    }
    return server;
  };

  // The three storage servers share one disk, which is a folder.
  const devices = join(folder, 'disks');
  await mkdir(join(devices, 'one'), { recursive: true });
  const disk = `devices = ${devices}\nmount_check = false\nfallocate_reserve = 0`;
  const ports = await Promise.all(STORES.map(freePort));
  await promisify(execFile)(PYTHON, ['-c', MAKE_RINGS, folder, address, ...ports.map(String)]);
  const stores = STORES.map((part, index) => {
    const pipeline = `[pipeline:main]\npipeline = ${part}-server\n[app:${part}-server]\nuse = egg:swift#${part}`;
    return start(part, `${disk}\n${pipeline}\n`, ports[index] ?? 0);
  });

  const filters = ['catch_errors', 'cache', 'listing_formats', 'bulk', 's3api', 'tempauth', 'slo'];
  const options: Record<string, string> = {
    cache: 'use = egg:swift#memcache',
    s3api: 'use = egg:swift#s3api\nlocation = us-east-1',
    tempauth: `use = egg:swift#tempauth\nuser_${key.accessKeyId.replace(':', '_')} = ${key.secretAccessKey} .admin`,
  };
  const proxy = [
    `[pipeline:main]\npipeline = ${filters.join(' ')} proxy-server\n[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true`,
    ...filters.map((name) => `[filter:${name}]\n${options[name] ?? `use = egg:swift#${name}`}`),
  ].join('\n');
  const port = await freePort();
  let [server] = await Promise.all([start('proxy', proxy, port), ...stores]);
  const endpoint = `http://${address}:${port}`;
  const here = { region: 'us-east-1', endpoint: await expose(port), forcePathStyle: true, credentials: key };
  const admin = new S3Client(here);
  await admin.send(new CreateBucketCommand({ Bucket: BUCKET }));
  admin.destroy();
  return {
    settings: {
      STORAGE_URL: `s3://${BUCKET}/of the/service`,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    },
    signal: (name) => void server.kill(name),
    kill: () => endProcess(server, 'SIGKILL'),
    async restart() {
      server = await start('proxy', proxy, port);
    },
  };
}

/** Whether a server responds, with any status. */
function isReachable(url: string): Promise<boolean> {
  // A server that is just starting may accept a request and never respond.
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    () => true,
    () => false,
  );
}

function configOf({ settings }: Pick<TestBucket, 'settings'>, more: Record<string, string>): S3Config {
  const { s3 } = loadConfig(environment({ ...settings, ...more }));
  if (!s3) throw new Error('STORAGE_URL is not set');
  return s3;
}

/** Opens a bucket with the service's own S3 storage. */
export function openTestBucket(bucket: Pick<TestBucket, 'settings'>, more: Record<string, string> = {}): Storage {
  return openS3Storage(configOf(bucket, more));
}

/** Lists the keys of a bucket under a prefix. */
export async function keysIn(
  bucket: Pick<TestBucket, 'settings'>,
  more: Record<string, string>,
  prefix: string,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of createBucketClient(configOf(bucket, more)).list(prefix))
    keys.push(...page.map(({ key: name }) => name));
  return keys;
}
