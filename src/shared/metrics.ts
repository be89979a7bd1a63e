import { collectDefaultMetrics, Registry } from 'prom-client';

/** Makes what the metrics of one process are kept in; those of the process itself, such as its memory, are there already. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
