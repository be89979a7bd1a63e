import { collectDefaultMetrics, Registry } from 'prom-client';

/** All metrics of a process, as Prometheus reads them. */
export interface MetricsPage {
  contentType: string;
  text: string;
}

/** Makes what the metrics of one process are kept in; those of the process itself, such as its memory, are there already. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Writes out what a registry holds. */
export async function readRegistry(registry: Registry): Promise<MetricsPage> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
