import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { batchEnd, form, post, upload } from '../support/client.ts';
import { holdChild } from '../support/descendants.ts';
import { allowSlowImages, encoded, jpeg, slowImage, truncatedJpeg, VERY_SLOW } from '../support/images.ts';
import { freePort } from '../support/ports.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { scrape } from '../support/scrape.ts';
import { ownService } from '../support/service.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let worker: TestProcess;
let workerUrl: string;
let batchId: string;

beforeAll(async () => {
  const port = await freePort();
  service = await ownService({ WORKER_CONCURRENCY: '1', WORKER_PORT: String(port) });
  api = await service.startApi();
  worker = await service.startWorker();
  workerUrl = `http://127.0.0.1:${port}`;
  const response = await fetch(`${api.url}/process-images`, {
    method: 'POST',
    headers: { 'X-Request-Id': 'order-4711' },
    body: form([
      ['a.jpg', await jpeg()],
      ['b.png', await encoded('png')],
      ['c.jpg', await truncatedJpeg()],
    ]),
  });
  expect(response.headers.get('X-Request-Id')).toBe('order-4711');
  batchId = ((await response.json()) as { batchId: string }).batchId;
  await batchEnd(api.url, batchId);
});

test('the API counts requests, accepted files and refused uploads, with labels that clients cannot choose', async () => {
  expect((await post(api.url, [['notes.jpg', 'no image']])).status).toBe(415);
  await fetch(`${api.url}/batches/${batchId}?because=of-this`);
  await fetch(`${api.url}/nowhere/${batchId}`);
  const samples = await until(async () => {
    const scraped = await scrape(api.url);
    return scraped['http_requests_total{method="GET",route="other",code="404"}'] === 1 && scraped;
  });
  expect(samples).toMatchObject({
    upload_files_accepted_total: 3,
    'uploads_refused_total{reason="UNSUPPORTED_IMAGE_TYPE"}': 1,
    'http_requests_total{method="POST",route="/process-images",code="202"}': 1,
    'http_requests_total{method="POST",route="/process-images",code="415"}': 1,
    queue_up: 1,
    queue_waiting_files: 0,
    queue_active_files: 0,
    queue_workers: 1,
    queue_oldest_batch_age_seconds: 0,
  });
  expect(samples['http_requests_total{method="GET",route="/batches/:batchId",code="200"}']).toBeGreaterThan(0);
  expect(samples.http_received_bytes_total).toBeGreaterThan((await jpeg()).length);
  expect(samples.process_resident_memory_bytes).toBeGreaterThan(0);
  expect(JSON.stringify(samples)).not.toMatch(new RegExp(`${batchId}|because|nowhere|notes`));
});

test('the worker counts outcomes, and measures waiting times and processing times', async () => {
  // The worker counts the end of a job when it receives the event.
  const samples = await until(async () => {
    const scraped = await scrape(workerUrl);
    const { 'image_jobs_total{outcome="completed"}': completed, 'image_jobs_total{outcome="failed"}': failed } =
      scraped;
    return completed === 2 && failed === 1 && scraped;
  });
  expect(samples).toMatchObject({
    'image_jobs_total{outcome="completed"}': 2,
    'image_jobs_total{outcome="failed"}': 1,
    image_queue_wait_seconds_count: 3,
    image_processing_seconds_count: 3,
  });
  expect(samples.image_processing_seconds_sum).toBeGreaterThan(0);
  expect(samples.image_processing_seconds_sum).toBeLessThan(30);
  expect((await fetch(`${workerUrl}/healthz`)).status).toBe(200);
  expect((await fetch(`${workerUrl}/readyz`)).status).toBe(200);
  expect((await fetch(`${workerUrl}/nowhere`)).status).toBe(404);
  expect((await fetch(`${workerUrl}/metrics`, { method: 'POST' })).status).toBe(404);
});

const linesOf = (output: string) =>
  output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));

test("both processes log the client's request id; the API replaces an id with unsafe characters", async () => {
  const processed = await until(() => {
    const found = linesOf(worker.output()).filter(({ requestId }) => requestId === 'order-4711');
    return found.length >= 3 && found;
  });
  expect(processed.map(({ msg }) => msg).sort()).toEqual(['image failed', 'image processed', 'image processed']);
  const response = await fetch(`${api.url}/healthz`, { headers: { 'X-Request-Id': 'a "b" c' } });
  expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
  const refused = await post(api.url, [['notes.jpg', 'no image']]);
  const id = refused.headers.get('X-Request-Id');
  await until(() => linesOf(api.output()).some(({ req }) => (req as { id?: string } | undefined)?.id === id));
});

test('an accepted upload, a refused one and a corrupt image leave one line each', async () => {
  const content = await jpeg();
  const refused = await post(api.url, [['notes.jpg', 'no image']]);
  const accepted = await post(api.url, [
    ['a.jpg', content],
    ['b.jpg', content.subarray(0, 2000)],
  ]);
  const { batchId: id } = (await accepted.json()) as { batchId: string };
  await batchEnd(api.url, id);
  const idOf = (response: Response) => response.headers.get('X-Request-Id');
  const linesAbout = (response: Response) =>
    linesOf(api.output()).filter(({ req }) => (req as { id?: string } | undefined)?.id === idOf(response));
  await until(() => linesAbout(refused).length > 0 && linesAbout(accepted).length > 0);
  expect(linesAbout(refused)).toMatchObject([{ code: 'UNSUPPORTED_IMAGE_TYPE', detail: expect.any(String) }]);
  const bytes = content.length + 2000;
  expect(linesAbout(accepted)).toMatchObject([
    { msg: 'batch accepted', batchId: id, files: 2, bytes, ms: expect.any(Number) },
  ]);
  const failures = await until(() => {
    const found = linesOf(worker.output()).filter(({ jobId }) => jobId === `${id}-1`);
    return found.length > 0 && found;
  });
  expect(failures).toMatchObject([{ code: 'IMAGE_TRUNCATED', reason: expect.any(String), willRetry: false }]);
  expect(JSON.stringify(failures)).not.toMatch(/stack|\.ts:|\.js:/);
});

test('every metric in the dashboard and the alerts is exported, and every alert is documented', async () => {
  const pages = await Promise.all([api.url, workerUrl].map(async (url) => (await fetch(`${url}/metrics`)).text()));
  const exported = new Map(
    [...pages.join('\n').matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
  );
  const dashboard = JSON.parse(readFileSync(join(projectRoot, 'deploy/grafana/dashboard.json'), 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const alerts = readFileSync(join(projectRoot, 'deploy/prometheus/alerts.yaml'), 'utf8');
  const expressions = [
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...[...alerts.matchAll(/^ +expr: (.+)$/gm)].map(([, expr = '']) => expr),
  ];
  expect(expressions.length).toBeGreaterThan(20);
  for (const expression of expressions) {
    // Remove labels, strings and ranges. Every remaining word with an underscore that is not a function is a metric.
    const bare = expression.replace(/\{[^}]*\}|"[^"]*"|\[[^\]]*\]/g, '').replace(/\b(by|without) *\([^)]*\)/g, '');
    const names = [...bare.matchAll(/\b[a-z]+_[a-z_]+\b(?! *\()/g)].map(([name]) => name);
    expect(names).not.toEqual([]);
    for (const name of names) {
      const histogram = name.replace(/_(bucket|sum|count)$/, '');
      const isExported = exported.has(name) || (name !== histogram && exported.get(histogram) === 'histogram');
      expect({ name, isExported }).toEqual({ name, isExported: true });
    }
  }
  const operations = readFileSync(join(projectRoot, 'docs/operations.md'), 'utf8');
  for (const [, alert = ''] of alerts.matchAll(/alert: (\S+)/g)) expect(operations).toContain(`\`${alert}\``);
});

test('the API exports the backlog and its age, and the worker exports timeouts', async () => {
  const port = await freePort();
  const limit = { WORKER_CONCURRENCY: '1', JOB_TIMEOUT_SECONDS: '3' };
  const other = await ownService({ ...allowSlowImages, ...limit, WORKER_PORT: String(port) });
  const { url } = await other.startApi();
  const waiting = await upload(url, ['slow.png', slowImage(VERY_SLOW)], ['a.jpg', await jpeg()]);
  const aged = await until(async () => {
    const samples = await scrape(url);
    return (samples.queue_oldest_batch_age_seconds ?? 0) > 0.1 && samples;
  });
  expect(aged).toMatchObject({ queue_waiting_files: 2, queue_active_files: 0 });
  expect(aged.queue_oldest_batch_age_seconds).toBeLessThan(30);
  await holdChild(await other.startWorker(), { api: url, jobId: `${waiting}-0`, forMs: 3000 });
  await batchEnd(url, waiting);
  await until(async () => (await scrape(`http://127.0.0.1:${port}`))['image_jobs_total{outcome="completed"}'] === 1);
  expect(await scrape(`http://127.0.0.1:${port}`)).toMatchObject({
    'image_processes_ended_total{reason="time"}': 1,
    'image_jobs_total{outcome="failed"}': 1,
    'image_jobs_total{outcome="completed"}': 1,
  });
});

test('the API exports only queue_up 0 of the queue while Redis is unavailable', async () => {
  await service.redis.kill();
  const samples = await scrape(api.url);
  expect(samples.queue_up).toBe(0);
  expect(samples).not.toHaveProperty('queue_waiting_files');
  expect((await fetch(`${workerUrl}/readyz`)).status).toBe(503);
  expect((await fetch(`${workerUrl}/healthz`)).status).toBe(200);
  await service.redis.restart();
  await until(async () => (await scrape(api.url)).queue_up === 1);
});
