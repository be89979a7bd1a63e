import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import type { RedisConfig } from './config.ts';
import { METRICS, type MetricsPage } from './metrics.ts';
import { createMetricsSum } from './metrics-sum.ts';
import { ask } from './questions.ts';

/** Milliseconds in which a process answers whether it is alive, or can work. Common probes wait for three seconds. */
const ANSWER_MS = 2000;
/** Milliseconds in which a process answers with its metrics, beyond the time that it waits for Redis. */
const METRICS_MARGIN_MS = 1000;

/** The question whether a process responds at all. */
export const ALIVE = 'alive';
/** The question whether a process can work. */
export const CAN_WORK = 'can work';

/** The status of all processes together. */
export interface ProcessesStatus {
  readMetrics(): Promise<MetricsPage>;
  /** @throws {Error} if a running process does not respond */
  requireAlive(): Promise<void>;
  /** @throws {Error} unless all processes run and can work */
  requireReady(): Promise<void>;
}

/**
 * Creates the {@link ProcessesStatus} of the primary.
 *
 * @param count processes that should run
 */
export function createProcessesStatus(
  count: number,
  { timeoutMs: redisTimeoutMs }: Pick<RedisConfig, 'timeoutMs'>,
): ProcessesStatus {
  const sum = createMetricsSum();
  cluster.on('exit', ({ process: { pid } }) => sum.keepCounts(pid ?? 0));
  const running = () => Object.values(cluster.workers ?? {}).flatMap((worker) => worker?.process ?? []);
  const askAll = (question: string) =>
    Promise.all(running().map((child) => ask(child, question, { timeoutMs: ANSWER_MS })));

  async function collectMetrics(): Promise<MetricsPage> {
    const timeoutMs = redisTimeoutMs + METRICS_MARGIN_MS;
    const update = async (child: ChildProcess) =>
      sum.update(child.pid ?? 0, (await ask(child, METRICS, { timeoutMs })) as Parameters<typeof sum.update>[1]);
    // The metrics of a process that does not respond stay as they were.
    await Promise.allSettled(running().map(update));
    return sum.read();
  }
  let collecting: Promise<MetricsPage> | undefined;

  return {
    readMetrics() {
      collecting ??= collectMetrics().finally(() => {
        collecting = undefined;
      });
      return collecting;
    },
    requireAlive: async () => void (await askAll(ALIVE)),
    async requireReady() {
      const { length } = await askAll(CAN_WORK);
      if (length < count) throw new Error(`${length} of ${count} processes are running`);
    },
  };
}
