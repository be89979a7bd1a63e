import type { ChildProcess } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { serviceKeys } from '../../src/queue/keys.ts';
import { QUEUES } from '../../src/queue/names.ts';
import { openDescriptors } from '../../tests/support/proc.ts';
import { childrenOf, residentMiB, type Service } from '../processes.ts';
import type { SeriesName } from './series.ts';

/** The values of all series at one moment. A value is NaN if its process was just killed. */
export interface Sample {
  /** Minutes since the begin. */
  minute: number;
  values: Record<SeriesName, number>;
}

/** Lists of BullMQ that hold jobs, by the kind of Redis value. */
const LISTS = ['wait', 'active'];
const SETS = ['prioritized', 'delayed', 'waiting-children'];
const ENDED_SETS = ['completed', 'failed'];

/** Creates a reader of all series of a running service. */
export function createSampler(service: Service, worker: ChildProcess, workerUrl: string) {
  const { redis, api, redisServer, folders, url } = service;
  const key = (queue: string, name: string) => `{images}:${queue}:${name}`;

  async function count(command: 'llen' | 'zcard', names: readonly string[]): Promise<number> {
    const counts = await Promise.all(
      QUEUES.flatMap((queue) => names.map((name) => redis[command](key(queue, name)) as Promise<number>)),
    );
    return counts.reduce((sum, one) => sum + one, 0);
  }

  /** Counts the entries of the service's own sorted sets. Few of them are seen neither in the keys nor in the memory. */
  async function countEntries(): Promise<number> {
    const { list, removing, removingFiles, incoming, virtualTimes } = serviceKeys('{images}');
    const sets = [...(await redis.keys(`${list}*`)), removing, removingFiles, incoming, virtualTimes];
    const counts = await Promise.all(sets.map((set) => redis.zcard(set)));
    return counts.reduce((sum, entries) => sum + entries, 0);
  }

  async function read(): Promise<Record<SeriesName, number>> {
    const [oldest] = childrenOf(worker.pid);
    const [apiMetrics, workerMetrics] = await Promise.all([readMetrics(url), readMetrics(workerUrl)]);
    return {
      'API, descriptors': openDescriptors(api.pid),
      'worker, descriptors': openDescriptors(worker.pid),
      'oldest child, descriptors': orNaN(() => openDescriptors(oldest)),
      'Redis, descriptors': openDescriptors(redisServer.pid),
      'API, timers and handles': apiMetrics.resources,
      'worker, timers and handles': workerMetrics.resources,
      'API, memory': await residentMiB(api.pid),
      'API, JavaScript heap': apiMetrics.heapMiB,
      'worker, memory': await residentMiB(worker.pid),
      'worker, JavaScript heap': workerMetrics.heapMiB,
      'oldest child, memory': await residentMiB(oldest).catch(() => Number.NaN),
      'Redis, memory': Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]) / 2 ** 20,
      'Redis, keys': await redis.dbsize(),
      'Redis, entries of lists': await countEntries(),
      'originals, entries': (await readdir(folders.uploads)).length,
      'results, files': (await readdir(folders.processed)).length,
      'jobs, unfinished': (await count('llen', LISTS)) + (await count('zcard', SETS)),
      'jobs, ended': await count('zcard', ENDED_SETS),
    };
  }

  return { read };
}

function orNaN(read: () => number): number {
  try {
    return read();
  } catch {
    return Number.NaN;
  }
}

/** Reads what prom-client measures of a process. */
async function readMetrics(url: string): Promise<{ resources: number; heapMiB: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec(text)?.[1]);
  return {
    resources: value('nodejs_active_resources_total'),
    heapMiB: value('nodejs_heap_size_used_bytes') / 2 ** 20,
  };
}

/** Returns the values of one series. */
export function valuesOf(samples: readonly Sample[], name: SeriesName): { minute: number; value: number }[] {
  return samples
    .map(({ minute, values }) => ({ minute, value: values[name] }))
    .filter(({ value }) => Number.isFinite(value));
}
