import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { hasBucketServer } from '../../scripts/bucket-server.ts';
import { loadConfig } from '../../src/shared/config.ts';
import { openBucket } from '../../src/storage/bucket/bucket.ts';
import { onCleanup, temporaryFolder } from './cleanup.ts';
import { describeIf } from './describe-if.ts';
import { environment } from './environment.ts';
import { freePort } from './ports.ts';

/** `describe` for tests that need a bucket's server. */
export const describeWithBucket = describeIf(
  hasBucketServer() ? undefined : 'there is no OpenStack Swift, and none could be installed without asking',
);

/** A bucket of the test's own, in OpenStack Swift, whose proxy speaks S3. */
export interface TestBucket {
  /** For a service, or for {@link openTestBucket}. */
  settings: Record<string, string>;
  /** Ends what speaks S3. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

const BUCKET = 'pictures';
const key = { accessKeyId: 'test:tester', secretAccessKey: 'testing' };

/** Starts such a server; it is gone after the tests of this file. */
export async function startBucket(address = '127.0.0.1'): Promise<TestBucket> {
  const folder = await temporaryFolder();
  const start = async (part: string, settings: string, port: number) => {
    const file = join(folder, `${part}.conf`);
    const common = `bind_ip = ${address}\nbind_port = ${port}\nworkers = 0\nswift_dir = ${folder}\nuser = ${userInfo().username}`;
    await writeFile(file, `[DEFAULT]\n${common}\n${settings}`);
    const server = spawn(`swift-${part}-server`, [file], { stdio: ['ignore', 'inherit', 'inherit'] });
    const kill = () => end(server);
    onCleanup(kill);
    while (!(await isThere(address, port))) {
      if (server.exitCode !== null) throw new Error(`swift-${part}-server has ended`);
      await delay(50);
    }
    return kill;
  };

  // The three that store: each on one disk, which is a folder.
  const devices = join(folder, 'disks');
  await mkdir(join(devices, 'one'), { recursive: true });
  const store = async (part: string) => {
    const port = await freePort();
    const ring = join(folder, `${part}.builder`);
    const build = (...args: string[]) => promisify(execFile)('swift-ring-builder', [ring, ...args]);
    await build('create', '1', '1', '0');
    await build('add', `r1z1-${address}:${port}/one`, '1');
    await build('rebalance');
    const disk = `devices = ${devices}\nmount_check = false\nfallocate_reserve = 0`;
    await start(
      part,
      `${disk}\n[pipeline:main]\npipeline = ${part}-server\n[app:${part}-server]\nuse = egg:swift#${part}\n`,
      port,
    );
  };
  await Promise.all(['account', 'container', 'object'].map(store));

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
  let kill = await start('proxy', proxy, port);
  const endpoint = `http://${address}:${port}`;
  const admin = new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true, credentials: key });
  await admin.send(new CreateBucketCommand({ Bucket: BUCKET }));
  admin.destroy();
  return {
    settings: {
      STORAGE_URL: `s3://${BUCKET}/of the/service`,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    },
    kill: () => kill(),
    async restart() {
      kill = await start('proxy', proxy, port);
    },
  };
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
}

function isThere(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** The service's own view of it. */
export function openTestBucket({ settings }: Pick<TestBucket, 'settings'>, more: Record<string, string> = {}) {
  const { bucket } = loadConfig(environment({ ...settings, ...more }));
  if (!bucket) throw new Error('there is no bucket in these settings');
  return openBucket(bucket);
}
