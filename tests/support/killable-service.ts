import { readdir } from 'node:fs/promises';
import { UNFINISHED } from '../../src/storage/local/unfinished.ts';
import { imageChildren } from './descendants.ts';
import type { ownService } from './service.ts';
import { expectNoHalfBatch } from './whole.ts';

type Service = Awaited<ReturnType<typeof ownService>>;

/**
 * Starts two APIs and two workers of a service. Each of them and Redis can be killed (`kill -9`) and is then restarted.
 *
 * @returns the running processes, one function per process that kills and restarts it, and what killed processes left behind
 */
export async function startKillableService(service: Service) {
  const [apis, workers] = await Promise.all([
    Promise.all([service.startApi(), service.startApi()]),
    Promise.all([service.startWorker(), service.startWorker()]),
  ]);
  const kills = { apis: 0, workers: 0, redis: 0 };
  const leftovers = {
    /** Process ids of image children whose worker was killed. */
    children: [] as number[],
    /** Folders of uploads in progress when an API was killed. */
    uploads: new Set<string>(),
  };

  const killApi = async (index: 0 | 1) => {
    kills.apis += 1;
    await apis[index].end('SIGKILL');
    for (const name of await unfinishedUploads(service)) leftovers.uploads.add(name);
    apis[index] = await service.startApi();
  };
  const killWorker = async (index: 0 | 1) => {
    kills.workers += 1;
    leftovers.children.push(...imageChildren(workers[index].child.pid));
    await workers[index].end('SIGKILL');
    workers[index] = await service.startWorker();
  };
  const killRedis = async () => {
    kills.redis += 1;
    await service.redis.kill();
    await service.redis.restart();
    await expectNoHalfBatch(service.redis);
  };
  const killers = [() => killApi(0), () => killApi(1), () => killWorker(0), () => killWorker(1), killRedis];
  return { apis, workers, killers, kills, leftovers };
}

/** Lists the folders of uploads in progress. */
export async function unfinishedUploads({ uploadDir }: Pick<Service, 'uploadDir'>): Promise<string[]> {
  return (await readdir(uploadDir)).filter((name) => name.endsWith(UNFINISHED));
}
