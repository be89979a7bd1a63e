import { collectDefaultMetrics, Registry } from 'prom-client';

/** The metrics of a process, in Prometheus's text format. */
export interface MetricsPage {
  contentType: string;
  text: string;
}

/** Interval of the measurements of the event loop's lag. With the default of 10 ms they were most of the CPU of an idle process. */
const EVENT_LOOP_INTERVAL_MS = 50;

/** Creates a metrics registry that contains the default metrics of the process, such as its memory. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_INTERVAL_MS });
  return registry;
}

/** Renders a registry. */
export async function readRegistry(registry: Registry): Promise<MetricsPage> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
