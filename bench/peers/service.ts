import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../../scripts/find-redis.ts';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { upload } from '../client.ts';
import { hasEnded, start } from '../processes.ts';
import type { ImageState, Peer, Running } from './peer.ts';
import { startRedis } from './redis.ts';
import { packageVersions, redisVersion } from './versions.ts';

/**
 * This service: the built API and worker, and a Redis of their own.
 *
 * @param settings settings other than the defaults
 */
export function service(name: string, settings: Record<string, string> = {}): Peer {
  const changed = Object.entries(settings).map(([key, value]) => `\`${key}=${value}\``);
  return {
    name,
    what: `API, worker and Redis as \`npm run up\` starts them, ${changed.join(', ') || 'default settings'}`,
    versions: `${packageVersions(['express', 'multer', 'bullmq', 'sharp'])}, ${redisVersion()}`,
    acknowledges: true,
    start: (folder) => startService(folder, settings),
  };
}

async function startService(folder: string, more: Record<string, string>): Promise<Running> {
  const [redisPort, port] = [await freePort(), await freePort()];
  const results = join(folder, 'processed');
  const settings = {
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    PORT: String(port),
    UPLOAD_DIR: join(folder, 'uploads'),
    PROCESSED_DIR: results,
    ...more,
  };
  let redis: ChildProcess | undefined;
  let processes: ChildProcess[] = [];
  const restart = async () => {
    if (!redis || hasEnded(redis)) redis = await startRedis(join(folder, 'redis'), redisPort, 'service');
    processes = [];
    for (const name of ['api', 'worker']) processes.push((await start(`dist/${name}/main.js`, settings)).child);
  };
  await restart();
  const url = `http://127.0.0.1:${port}`;
  return {
    processes: () => processes.map(({ pid = 0 }) => pid),
    redis: () => redis?.pid ?? 0,
    results,
    restart,
    use: {
      send: async ({ body }) => (JSON.parse(await upload(url, body)) as { statusUrl: string }).statusUrl,
      async find(statusUrl) {
        const response = await fetch(`${url}${statusUrl}`);
        if (response.status === 404) return ['gone'];
        if (!response.ok) return ['pending'];
        const { files } = (await response.json()) as BatchResponse;
        return files.map(({ state, resultUrl }): ImageState => {
          if (state === 'failed') return 'gone';
          return state === 'completed' && resultUrl ? { url: `${url}${resultUrl}` } : 'pending';
        });
      },
    },
  };
}
