import { collectDefaultMetrics, Registry } from 'prom-client';

/** The metrics of a process, in Prometheus's text format. */
export interface MetricsPage {
  contentType: string;
  text: string;
}

/** Creates a metrics registry that contains the default metrics of the process, such as its memory. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Renders a registry. */
export async function readRegistry(registry: Registry): Promise<MetricsPage> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
