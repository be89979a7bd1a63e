import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { v4 as uuid } from 'uuid';
import { findRedisServer } from '../../scripts/redis-server.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { enqueue, newBatch, testQueueClient } from '../support/app.ts';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, type File, upload } from '../support/client.ts';
import { defaultRedisTimeout } from '../support/environment.ts';
import { fullFaultTest, sized } from '../support/fault.ts';
import { describeWithHosts, type Host, startHosts } from '../support/hosts.ts';
import { jpeg } from '../support/images.ts';
import { startApi, startWorker, until } from '../support/processes.ts';
import { describeWithBucket, startBucket } from '../support/s3.ts';

const PORT = 3000;
const REDIS_PORT = 6379;
const BATCHES = sized(4, 20);
/** Milliseconds that a host stays cut off after all batches have ended: longer than its connections wait for a response. */
const CUT_OFF_MS = sized(0, 60_000);
/** Milliseconds that each image takes in a worker that only sleeps. */
const SLEEP_MS = 200;
const MOST_HOSTS = 3;
const IMAGES_PER_HOST = sized(15, 60);

/** Starts Redis on a host and returns its URL for the other hosts, and its URL for this process. */
async function startRedisOn(host: Host): Promise<{ there: string; url: string }> {
  const bound = ['--bind', host.address, '--protected-mode', 'no', '--port', String(REDIS_PORT)];
  const kept = ['--appendonly', 'yes', '--save', '', '--dir', await temporaryFolder()];
  const [program, ...args] = [...host.command, findRedisServer() ?? '', ...bound, ...kept] as const;
  const server = spawn(program as string, args, { stdio: 'ignore' });
  onCleanup(() => server.kill('SIGKILL'));
  const url = (await host.expose(REDIS_PORT)).replace('http:', 'redis:');
  return { there: `redis://${host.address}:${REDIS_PORT}`, url };
}

/** @throws {Error} if there is no such host */
function hostAt(hosts: Host[], index: number): Host {
  const host = hosts[index];
  if (!host) throw new Error(`there is no host ${index}`);
  return host;
}

describeWithHosts('on several hosts', () => {
  describeWithBucket('that share a bucket', () => {
    fullFaultTest(
      'One of three hosts of workers cut off in the middle of 20 batches; two hosts of APIs, Redis and the bucket on a host each',
      'Every batch that one API accepted is completed. The other API returns its status and its results. No host has files on its disk',
      async () => {
        const hosts = await startHosts(7);
        const host = (index: number) => hostAt(hosts, index);
        const [redis, bucket] = await Promise.all([startRedisOn(host(0)), startBucket(host(1))]);
        const unused = join(await temporaryFolder(), 'unused');
        const settings = {
          ...bucket.settings,
          REDIS_URL: redis.there,
          ...defaultRedisTimeout,
          UPLOAD_DIR: join(unused, 'a'),
          PROCESSED_DIR: join(unused, 'b'),
          WORKER_CONCURRENCY: '1',
        };
        const startOn = async (index: number) => {
          const { address, launcher, expose } = host(index);
          await startApi({ ...settings, HOST: address, PORT: String(PORT) }, launcher);
          return expose(PORT);
        };
        const [one, other] = await Promise.all([startOn(2), startOn(3)]);
        const workers = await Promise.all(
          [4, 5, 6].map(async (index) => {
            const { output } = await startWorker(settings, host(index).launcher);
            return { index, processed: () => output().match(/"image processed"/g)?.length ?? 0 };
          }),
        );

        const files = Array<File>(5).fill(['a.jpg', await jpeg(1600, 1200)]);
        const accepted: string[] = [];
        for (let sent = 0; sent < BATCHES; sent += 1) accepted.push(await upload(one, ...files));
        // The first worker that has processed an image has begun the next one.
        const { index, processed } = await until(() => workers.find((worker) => worker.processed() > 0));
        host(index).setLink('down');
        const before = processed();
        for (const batchId of accepted) {
          const batch = await batchEnd(other, batchId);
          expect(batch).toMatchObject({ status: 'completed' });
          const result = await fetch(`${other}/jobs/${batchId}-4/result`);
          expect((await result.arrayBuffer()).byteLength).toBe(batch.files[4]?.result?.bytes);
        }
        await delay(CUT_OFF_MS);
        host(index).setLink('up');
        // It takes jobs again without a restart.
        const backAt = Date.now();
        const small: File = ['b.jpg', await jpeg(64, 64)];
        await until(async () => {
          await batchEnd(one, await upload(other, small, small, small));
          return processed() > before;
        });
        expect(existsSync(unused)).toBe(false);
        return `${BATCHES} of ${BATCHES} batches completed; the host that was cut off took images again ${Math.ceil((Date.now() - backAt) / 1000)} s after it was back`;
      },
    );
  });

  fullFaultTest(
    'Work that only sleeps, on one, two and three hosts of workers',
    'n hosts have at least 0.75 × n times the throughput of one host',
    async () => {
      const hosts = await startHosts(1 + MOST_HOSTS);
      const { there, url } = await startRedisOn(hostAt(hosts, 0));
      const redis = new Redis(url);
      onCleanup(() => redis.disconnect());
      const queue = await testQueueClient({ url });
      const completed = () => redis.zcard('{images}:images:completed');
      const sleepers = await Promise.all(
        hosts.slice(1).map(async ({ launcher: [program, ...args] }) => {
          const sleeper = fork(join(projectRoot, 'bench/sleeping-worker.ts'), [String(SLEEP_MS)], {
            execPath: program,
            execArgv: [...args, '--import', 'tsx'],
            env: { ...process.env, REDIS_URL: there },
          });
          onCleanup(() => sleeper.kill('SIGKILL'));
          await once(sleeper, 'message');
          return sleeper;
        }),
      );
      const rates: number[] = [];
      for (const [index, sleeper] of sleepers.entries()) {
        const [images, before] = [IMAGES_PER_HOST * (index + 1), await completed()];
        // Each round has one host more.
        sleeper.send('begin');
        const begun = performance.now();
        for (let sent = 0; sent < images; sent += 5) {
          await enqueue(queue, newBatch(uuid(), ...Array<string>(5).fill('a.jpg')));
        }
        while ((await completed()) < before + images) await delay(5);
        rates.push((images * 1000) / (performance.now() - begun));
      }
      const [alone = 0] = rates;
      for (const [index, rate] of rates.entries()) expect(rate / alone).toBeGreaterThan(0.75 * (index + 1));
      return `${rates.map((rate) => rate.toFixed(1)).join(', ')} images a second, of ${SLEEP_MS} ms each`;
    },
  );
});
