import { collectDefaultMetrics, Registry } from 'prom-client';

/** All metrics of a process in the format of Prometheus. */
export interface MetricsPage {
  contentType: string;
  text: string;
}

/** Makes the registry of a process's metrics. It has the default metrics of the process, such as its memory, already. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Renders a registry. */
export async function readRegistry(registry: Registry): Promise<MetricsPage> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
