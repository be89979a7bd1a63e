import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../scripts/find-redis.ts';
import { upload } from '../client.ts';
import { hasEnded, start } from '../processes.ts';
import type { ImageState, Peer } from './peer.ts';
import { startRedis } from './redis.ts';
import { packageVersions, redisVersion } from './versions.ts';

interface Job {
  state: string;
  resultUrl?: string;
}

function stateOf({ state, resultUrl }: Job, url: string): ImageState {
  if (resultUrl) return { url: `${url}${resultUrl}` };
  return state === 'failed' || state === 'unknown' ? 'gone' : 'pending';
}

export const asynchronous: Peer = {
  name: 'asynchronous server',
  what: 'Express, multer, `addBulk` and a BullMQ worker with sharp in one process; Redis with its own defaults, which only take snapshots',
  versions: `${packageVersions(['express', 'multer', 'bullmq', 'sharp'])}, ${redisVersion()}`,
  acknowledges: true,
  async start(folder) {
    const redisPort = await freePort();
    let redis: ChildProcess | undefined;
    let server: ChildProcess | undefined;
    let url = '';
    const restart = async () => {
      if (!redis || hasEnded(redis)) redis = await startRedis(join(folder, 'redis'), redisPort, 'default');
      const started = await start('bench/baselines/asynchronous-server.mjs', {}, [folder, String(redisPort)]);
      server = started.child;
      url = `http://127.0.0.1:${started.message}`;
    };
    await restart();
    return {
      processes: () => [server?.pid ?? 0],
      redis: () => redis?.pid ?? 0,
      results: join(folder, 'processed'),
      restart,
      use: {
        send: async ({ body }) => (JSON.parse(await upload(url, body)) as { jobIds: string[] }).jobIds,
        async find(ids) {
          const { jobs } = (await (await fetch(`${url}/jobs?ids=${ids}`)).json()) as { jobs: Job[] };
          return jobs.map((job) => stateOf(job, url));
        },
      },
    };
  },
};
