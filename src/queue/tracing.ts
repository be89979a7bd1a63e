import type { Telemetry } from 'bullmq';

/** Traces one process, and what passes through the queue. */
export interface Tracing {
  /** Carries the trace of an upload to the jobs that come of it: an option of BullMQ's queues and workers. */
  telemetry: Telemetry;
  /** Sends what has not been sent yet. */
  stop(): Promise<void>;
}

/**
 * Starts to trace, where there is somebody to tell. OpenTelemetry is loaded only then.
 *
 * @param service name of the process in the traces
 * @param endpoint of a collector that takes OTLP over HTTP, as in `http://localhost:4318`
 */
export async function startTracing(service: string, endpoint: string | undefined): Promise<Tracing | undefined> {
  if (endpoint === undefined) return undefined;
  const [{ NodeSDK }, { OTLPTraceExporter }, { BullMQOtel }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('bullmq-otel'),
  ]);
  const sdk = new NodeSDK({
    serviceName: service,
    traceExporter: new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` }),
  });
  sdk.start();
  return { telemetry: new BullMQOtel({ tracerName: 'async-image-service' }), stop: () => sdk.shutdown() };
}
