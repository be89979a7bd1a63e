import { temporaryFolder } from './cleanup.ts';
import { type Launcher, startApi, startWorker, type TestProcess, until } from './processes.ts';
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
    async startApi(more = {}, launcher?: Launcher) {
      const api = await startApi({ ...all, ...more }, launcher);
      await until(() => canWork(api));
      return api;
    },
    startWorker: (more = {}, launcher?: Launcher) => startWorker({ ...all, ...more }, launcher),
  };
}

/** Returns the errors in the log of an API, apart from the responses to {@link canWork}. */
export function errorLines(output: string): string[] {
  return output.split('\n').filter((line) => /"level":[56]0/.test(line) && !line.includes('"url":"/readyz"'));
}

/** Returns whether an API has identified its storage, cannot do so, or has ended. A slow machine needs seconds for it. */
async function canWork({ child, url, output }: TestProcess & { url: string }): Promise<boolean> {
  if (child.exitCode !== null || output().includes('the storage cannot be identified')) return true;
  const ready = await fetch(`${url}/readyz`).catch(() => undefined);
  if (!ready) return false;
  return ready.ok || ((await ready.json()) as { code: string }).code === 'QUEUE_UNAVAILABLE';
}
