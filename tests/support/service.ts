import { temporaryFolder } from './cleanup.ts';
import { type Launcher, startApi, startWorker } from './processes.ts';
import { startRedis } from './redis.ts';

/** Settings of a whole service of the test's own: a Redis and folders that are gone afterwards. */
export async function ownService(settings: Record<string, string> = {}) {
  const redis = await startRedis({ durable: true });
  const [uploadDir, processedDir] = [await temporaryFolder(), await temporaryFolder()];
  const all = { REDIS_URL: redis.url, UPLOAD_DIR: uploadDir, PROCESSED_DIR: processedDir, ...settings };
  return {
    redis,
    uploadDir,
    processedDir,
    startApi: (more = {}, launcher?: Launcher) => startApi({ ...all, ...more }, launcher),
    startWorker: (more = {}, launcher?: Launcher) => startWorker({ ...all, ...more }, launcher),
  };
}
