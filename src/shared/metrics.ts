import cluster from 'node:cluster';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { answer, ask } from './questions.ts';

/** The metrics of a process, or of several together, in Prometheus's text format. */
export interface MetricsPage {
  contentType: string;
  text: string;
}

/** The question for the metrics: to one process for its own, to the primary for those of all. */
export const METRICS = 'metrics';

/** Interval of the measurements of the event loop's lag. With the default of 10 ms they were most of the CPU of an idle process. */
const EVENT_LOOP_INTERVAL_MS = 50;

/** Creates a metrics registry that contains the default metrics of the process, such as its memory. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_INTERVAL_MS });
  if (cluster.isWorker) answer(process, METRICS, () => registry.getMetricsAsJSON());
  return registry;
}

/** Renders a registry. In one of several processes it renders the metrics of all of them, so that any of them can be scraped. */
export async function readRegistry(registry: Registry): Promise<MetricsPage> {
  if (cluster.isWorker) return (await ask(process, METRICS)) as MetricsPage;
  return { contentType: registry.contentType, text: await registry.metrics() };
}
