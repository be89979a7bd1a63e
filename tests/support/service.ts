import { temporaryFolder } from './cleanup.ts';
import { type Launcher, startApi, startWorker } from './processes.ts';
import { startRedis } from './redis.ts';

/** Prepares a service for one test: its own Redis and folders, which are removed afterwards. */
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
