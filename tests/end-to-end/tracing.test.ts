import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { batchEnd, form } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { listen } from '../support/listen.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  service: string;
  /** Resource attributes of the process that exported the span. */
  resource: Record<string, string | undefined>;
}
interface Attribute {
  key: string;
  value: { stringValue?: string };
}
/** The part of an OTLP JSON export that these tests read. */
interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: Omit<Span, 'service' | 'resource'>[] }[];
  }[];
}

/** Starts a collector that records the spans it receives. */
async function startCollector(): Promise<{ url: string; spans: Span[] }> {
  const spans: Span[] = [];
  const server = createServer(async (req, res) => {
    // A killed process may abort its request.
    const sent = (await json(req).catch(() => undefined)) as Export | undefined;
    if (!sent) return;
    for (const { resource, scopeSpans } of sent.resourceSpans) {
      const attributes = Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue]));
      const origin = { service: attributes['service.name'] ?? '', resource: attributes };
      for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, ...origin })));
    }
    res.setHeader('Content-Type', 'application/json').end('{}');
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, spans };
}

test("continues the client's trace from the request through the jobs of the files to the end of the batch", async () => {
  const { url: endpoint, spans } = await startCollector();
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: '100' };
  const service = await ownService(settings);
  const api = await service.startApi();
  await service.startWorker();
  const [traceId, parentId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const image = await jpeg(64, 64);
  const response = await fetch(`${api.url}/process-images`, {
    method: 'POST',
    headers: { traceparent: `00-${traceId}-${parentId}-01` },
    body: form([
      ['a.jpg', image],
      ['b.jpg', image],
    ]),
  });
  await batchEnd(api.url, ((await response.json()) as { batchId: string }).batchId);

  const ofTrace = () => spans.filter((span) => span.traceId === traceId);
  const jobs = () =>
    ofTrace().filter(({ name, service: of }) => of === 'async-image-worker' && name === 'process images');
  await until(() => jobs().length >= 2);
  await until(() =>
    ofTrace().some(({ service: of, name }) => of === 'async-image-worker' && name === 'process batches'),
  );
  const request = await until(() => ofTrace().find(({ name }) => name === 'POST /process-images'));
  expect(request).toMatchObject({ service: 'async-image-api', parentSpanId: parentId });
  // Every span is a descendant of the request's span.
  const byId = new Map(ofTrace().map((span) => [span.spanId, span]));
  for (const span of ofTrace()) {
    let at: Span | undefined = span;
    while (at && at.spanId !== request.spanId) at = byId.get(at.parentSpanId ?? '');
    expect({ name: span.name, leads: at?.name }).toEqual({ name: span.name, leads: 'POST /process-images' });
  }
});

test('exports pending spans on SIGTERM, with the resource attributes of the operator', async () => {
  const { url: endpoint, spans } = await startCollector();
  const service = await ownService({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '600000',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
  });
  const api = await service.startApi();
  await fetch(`${api.url}/healthz`);
  expect(spans).toEqual([]);
  expect(await api.end('SIGTERM')).toBe(0);
  const span = await until(() => spans.find(({ name }) => name === 'GET /healthz'));
  expect(span.resource).toMatchObject({
    'service.name': 'async-image-api',
    'deployment.environment.name': 'staging',
  });
});
