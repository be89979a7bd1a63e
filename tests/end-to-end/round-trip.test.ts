import { readdir, stat } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { batchEnd, type File, post, readBatch, readJob, upload } from '../support/client.ts';
import { defaultRedisTimeout } from '../support/environment.ts';
import { jpeg, testImage, truncatedJpeg } from '../support/images.ts';
import { quickest, type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
beforeAll(async () => {
  service = await ownService({ WORKER_CONCURRENCY: '2', SHUTDOWN_SECONDS: '30' });
  api = await service.startApi();
});

test('makes nine grey JPEGs, 512 pixels wide, of ten images, and fails the truncated one with its reason', async () => {
  const worker = await service.startWorker();
  const good = await Promise.all([
    jpeg(),
    testImage().png().toBuffer(),
    testImage().webp().toBuffer(),
    testImage().gif().toBuffer(),
    testImage(320, 240).avif({ effort: 0 }).toBuffer(),
    testImage(900, 600).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    jpeg(200, 100),
    jpeg(1600, 1200),
    jpeg(512, 512),
  ]);
  const files = [...good, await truncatedJpeg()].map((content, index): File => [`image ${index}`, content]);
  const batchId = await upload(api.url, ...files);
  const batch = await batchEnd(api.url, batchId);

  expect(batch.status).toBe('completed-with-errors');
  expect(batch.progress).toEqual({ total: 10, completed: 9, failed: 1, active: 0, waiting: 0 });
  expect(batch.files.map(({ originalName }) => originalName)).toEqual(files.map(([name]) => name));
  expect(batch.files[9]).toMatchObject({
    state: 'failed',
    result: null,
    failedReason: 'truncated JPEG',
    failure: { code: 'IMAGE_TRUNCATED', message: 'truncated JPEG' },
  });
  for (const { jobId, originalName, result } of batch.files.slice(0, 9)) {
    const path = resolve(projectRoot, result?.outputPath ?? '');
    // Decode every pixel, not only the header.
    await sharp(path).toBuffer();
    const { width, height, format, channels } = await sharp(path).metadata();
    const { size } = await stat(path);
    expect({ width, format, channels }).toEqual({ width: 512, format: 'jpeg', channels: 1 });
    expect(result).toMatchObject({
      originalName,
      outputPath: result?.outputPath,
      width,
      height,
      bytes: size,
      format: 'jpeg',
    });
    expect(await readJob(api.url, jobId)).toMatchObject({ state: 'completed', progress: 100, result });
  }
  expect(batch.files[5]?.result?.height).toBe(768);
  expect(await storedNames(service.processedDir)).toHaveLength(9);
  expect(await readdir(resolve(service.uploadDir, batchId))).toHaveLength(10);
  // Logs contain the batch id, but no file names.
  await until(() => worker.output().includes('batch ended'));
  expect(worker.output()).toContain(batchId);
  expect(worker.output()).not.toContain('image 1');
  const failed =
    worker
      .output()
      .split('\n')
      .find((line) => line.includes('image failed')) ?? '{}';
  expect(JSON.parse(failed)).toMatchObject({
    batchId,
    jobId: `${batchId}-9`,
    requestId: expect.stringMatching(/./),
    code: 'IMAGE_TRUNCATED',
    // The error of libvips.
    cause: expect.stringMatching(/VipsJpeg/),
  });

  expect(await worker.end('SIGTERM')).toBe(0);
});

test('returns counts that add up while fifty files are processed', async () => {
  const small = await jpeg(64, 64);
  const batchIds = await Promise.all(
    Array.from({ length: 5 }, () => upload(api.url, ...Array(10).fill(['a.jpg', small] as File))),
  );
  await service.startWorker();
  const order = ['waiting', 'processing', 'completed'];
  const last = new Map<string, number>();
  await until(async () => {
    const batches = await Promise.all(batchIds.map((batchId) => readBatch(api.url, batchId)));
    for (const { batchId, status, progress, files } of batches) {
      const { total, completed, failed, active, waiting } = progress;
      expect(completed + failed + active + waiting).toBe(total);
      expect(files.filter(({ state }) => state === 'completed')).toHaveLength(completed);
      expect(order.indexOf(status)).toBeGreaterThanOrEqual(last.get(batchId) ?? 0);
      last.set(batchId, order.indexOf(status));
    }
    return batches.every(({ status }) => status === 'completed');
  });
});

describe('without Redis', () => {
  test('starts and responds 503 within a second, and both processes work once Redis is available', async () => {
    const service = await ownService(defaultRedisTimeout);
    await service.redis.kill();
    const api = await service.startApi();
    const worker = service.startWorker();
    const small = await jpeg(64, 64);
    const ms = await quickest(1000, async () => {
      const response = await post(api.url, [['a.jpg', small]]);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('2');
      expect(((await response.json()) as { code: string }).code).toBe('QUEUE_UNAVAILABLE');
    });
    expect(ms).toBeLessThan(1000);
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${api.url}/readyz`)).status).toBe(503);
    await service.redis.restart();
    await worker;
    await until(async () => (await fetch(`${api.url}/readyz`)).ok);
    expect((await batchEnd(api.url, await upload(api.url, ['a.jpg', await jpeg(64, 64)]))).status).toBe('completed');
  });

  test('loses no accepted file when Redis is away in the middle', async () => {
    await service.startWorker();
    const small = await jpeg(64, 64);
    const batchIds: string[] = [];
    for (let round = 0; round < 10; round += 1)
      batchIds.push(await upload(api.url, ['a.jpg', small], ['b.jpg', small]));
    // Redis flushes its append-only file once a second.
    await delay(1500);
    await service.redis.kill();
    expect((await post(api.url, [['a.jpg', small]])).status).toBe(503);
    await service.redis.restart();
    await until(async () => (await fetch(`${api.url}/readyz`)).ok);
    for (const batchId of batchIds) expect((await batchEnd(api.url, batchId)).status).toBe('completed');
  });
});

// The last one: it ends the API.
test('stops the API although a client keeps sending requests over one connection', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = () =>
    new Promise((resolve) =>
      get(`${api.url}/healthz`, { agent }, (answer) => answer.resume().once('end', resolve)).once('error', resolve),
    );
  let isOver = false;
  let asked = 0;
  const asking = (async () => {
    while (!isOver) {
      await ask();
      asked += 1;
      await delay(100);
    }
  })();
  await until(() => asked >= 3);
  const begin = Date.now();
  expect(await api.end('SIGTERM')).toBe(0);
  expect(Date.now() - begin).toBeLessThan(10_000);
  isOver = true;
  await asking;
  agent.destroy();
});
