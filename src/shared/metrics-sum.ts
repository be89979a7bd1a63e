import { AggregatorRegistry } from 'prom-client';
import type { MetricsPage } from './metrics.ts';

/** The metrics of a process as prom-client's registries export them. */
type Metrics = readonly { type: unknown }[];

/** The metrics of several processes together. Each metric says how its values are combined; most are added. */
export interface MetricsSum {
  /** Replaces the metrics of a process. */
  update(processId: number, metrics: Metrics): void;
  /** Keeps what a process counted before it ended: Prometheus would mistake a smaller sum for a restart of all counters. */
  keepCounts(processId: number): void;
  /** Renders the metrics of all processes. */
  read(): Promise<MetricsPage>;
}

/** Creates a {@link MetricsSum}. */
export function createMetricsSum(): MetricsSum {
  const running = new Map<number, Metrics>();
  const ended: Metrics[] = [];
  return {
    update: (processId, metrics) => void running.set(processId, metrics),
    keepCounts(processId) {
      const counts = (running.get(processId) ?? []).filter(({ type }) => type === 'counter' || type === 'histogram');
      ended.push(counts);
      running.delete(processId);
    },
    async read() {
      ended.push((await AggregatorRegistry.aggregate(ended.splice(0)).getMetricsAsJSON()) as Metrics);
      const all = AggregatorRegistry.aggregate([...running.values(), ...ended]);
      return { contentType: all.contentType, text: await all.metrics() };
    },
  };
}
