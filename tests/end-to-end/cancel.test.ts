import { v4 as uuid } from 'uuid';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { batchEnd, readBatch, upload } from '../support/client.ts';
import { holdNextImage } from '../support/descendants.ts';
import { defaultRedisTimeout } from '../support/environment.ts';
import { jpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { finishedNames } from '../support/whole.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let image: Buffer;
beforeAll(async () => {
  service = await ownService({ WORKER_CONCURRENCY: '1', ...defaultRedisTimeout });
  [api, image] = await Promise.all([service.startApi(), jpeg(64, 64)]);
});

const uploadFiles = (count: number) =>
  upload(api.url, ...Array.from({ length: count }, (_, index) => [`${index}.jpg`, image] as const));

async function cancel(batchId: string): Promise<{ status: number; body: BatchResponse & { code?: string } }> {
  const response = await fetch(`${api.url}/batches/${batchId}/cancel`, { method: 'POST' });
  return { status: response.status, body: (await response.json()) as BatchResponse & { code?: string } };
}

const codesOf = ({ files }: BatchResponse) => files.map(({ failure, state }) => failure?.code ?? state);

test('ends waiting files at once without a worker, and is the same when sent again', async () => {
  const batchId = await uploadFiles(3);
  const first = await cancel(batchId);
  expect(first.status).toBe(200);
  expect(first.body).toMatchObject({
    status: 'completed-with-errors',
    progress: { total: 3, failed: 3 },
    cancelledAt: expect.any(String),
    finishedAt: expect.any(String),
  });
  expect(first.body.files[0]).toMatchObject({
    state: 'failed',
    failedReason: 'the batch was cancelled',
    failure: { code: 'CANCELLED', message: 'the batch was cancelled' },
  });
  expect(await cancel(batchId)).toEqual(first);
});

test('responds 404 for a batch that does not exist, and 410 for a deleted one', async () => {
  expect(await cancel(uuid())).toMatchObject({ status: 404, body: { code: 'BATCH_NOT_FOUND' } });
  const deleted = await uploadFiles(1);
  await fetch(`${api.url}/batches/${deleted}`, { method: 'DELETE' });
  expect(await cancel(deleted)).toMatchObject({ status: 410, body: { code: 'BATCH_REMOVED' } });
});

describe('with a worker', () => {
  let worker: TestProcess;
  beforeEach(async () => {
    worker = await service.startWorker();
  });
  afterEach(() => worker.end('SIGKILL'));

  test('stops a running file, keeps what was completed, and processes other batches', async () => {
    const completed = await uploadFiles(1);
    await batchEnd(api.url, completed);
    await holdNextImage(worker, api.url);
    const batchId = await uploadFiles(3);
    await until(async () => (await readBatch(api.url, batchId)).progress.active > 0);
    expect([200, 202]).toContain((await cancel(batchId)).status);
    const ended = await batchEnd(api.url, batchId);
    expect(codesOf(ended)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    expect((await fetch(`${api.url}/jobs/${batchId}-0/result`)).status).toBe(409);

    expect(await cancel(completed)).toMatchObject({ status: 409, body: { code: 'BATCH_FINISHED' } });
    expect((await fetch(`${api.url}/jobs/${completed}-0/result`)).status).toBe(200);
    expect((await batchEnd(api.url, await uploadFiles(2))).status).toBe('completed');
    expect((await finishedNames(service.processedDir)).filter((name) => name.includes(batchId))).toEqual([]);
  });

  test('cancels the file of a worker that is killed, once another worker takes it', async () => {
    await holdNextImage(worker, api.url);
    const batchId = await uploadFiles(2);
    await until(async () => (await readBatch(api.url, batchId)).progress.active > 0);
    await worker.end('SIGKILL');
    expect((await cancel(batchId)).status).toBe(202);
    worker = await service.startWorker();
    expect(codesOf(await batchEnd(api.url, batchId))).toEqual(['CANCELLED', 'CANCELLED']);
    expect(worker.output()).not.toContain('image processed');
  });
});

test('responds 503 without Redis', async () => {
  const batchId = await uploadFiles(1);
  await service.redis.kill();
  expect(await cancel(batchId)).toMatchObject({ status: 503, body: { code: 'QUEUE_UNAVAILABLE' } });
  await service.redis.restart();
  await until(async () => (await fetch(`${api.url}/readyz`)).ok);
  expect((await cancel(batchId)).status).toBe(200);
});
