import type { Tracing } from './open-telemetry.ts';

/**
 * Starts tracing if a collector is configured. OpenTelemetry is loaded only then.
 *
 * @param service name of the process in the traces
 * @param endpoint address of a collector for OTLP over HTTP, such as `http://localhost:4318`
 */
export async function startTracing(service: string, endpoint: string | undefined): Promise<Tracing | undefined> {
  if (endpoint === undefined) return undefined;
  const { startOpenTelemetry } = await import('./open-telemetry.ts');
  return startOpenTelemetry(service, endpoint);
}
