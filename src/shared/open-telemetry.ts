import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  osDetector,
  processDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { BullMQOtel } from 'bullmq-otel';

/** The tracing of one process and of the jobs that it sends or receives. */
export interface Tracing {
  /** Carries the trace of an upload to its jobs: an option of BullMQ's queues and workers. */
  telemetry: BullMQOtel;
  /** Sends the spans that have not been sent yet. */
  stop(): Promise<void>;
}

/** Detectors of the resource attributes. Later detectors override earlier ones, so `OTEL_RESOURCE_ATTRIBUTES` takes precedence. */
const detectors = [serviceInstanceIdDetector, processDetector, hostDetector, osDetector, envDetector];

/**
 * Starts only the tracing part of OpenTelemetry. Its complete SDK for Node would add gRPC, Zipkin and Prometheus.
 *
 * @param service name of the process in the traces
 * @param endpoint address of a collector for OTLP over HTTP
 */
export function startOpenTelemetry(service: string, endpoint: string): Tracing {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(detectResources({ detectors }))
      .merge(resourceFromAttributes({ 'service.name': service })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return { telemetry: new BullMQOtel({ tracerName: 'async-image-service' }), stop: () => provider.shutdown() };
}
