import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { UNFINISHED } from '../../src/storage/abandoned.ts';
import { batchEnd, readBatch, upload } from '../support/client.ts';
import { jpeg } from '../support/pictures.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

test('the worker killed in the middle of 50 batches: all end, none twice, none lost', async () => {
  const service = await ownService({ WORKER_CONCURRENCY: '2' });
  const api = await service.startApi();
  const photo = await jpeg(1200, 900);
  const batchIds: string[] = [];
  for (let index = 0; index < 50; index += 1) batchIds.push(await upload(api.url, ['a.jpg', photo], ['b.jpg', photo]));
  for (const share of [0.2, 0.5]) {
    const worker = await service.startWorker();
    await until(async () => (await readdir(service.processedDir)).length > share * 100);
    await worker.end('SIGKILL');
  }
  await service.startWorker();
  const batches = await Promise.all(batchIds.map((batchId) => batchEnd(api.url, batchId, 45_000)));
  expect(batches.map(({ status }) => status)).toEqual(Array(50).fill('completed'));
  const results = (await readdir(service.processedDir)).filter((name) => !name.endsWith(UNFINISHED)).sort();
  expect(results).toEqual(batches.flatMap(({ files }) => files.map(({ jobId }) => `processed-${jobId}.jpg`)).sort());
});

test('the API killed while it receives uploads: every batch it accepted ends, and nothing half-written is processed', async () => {
  const service = await ownService({ WORKER_CONCURRENCY: '1' });
  await service.startWorker();
  const photo = await jpeg(800, 600);
  const accepted: string[] = [];
  let isOver = false;
  let api = await service.startApi();
  const clients = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await upload(api.url, ['a.jpg', photo], ['b.jpg', photo], ['c.jpg', photo]).then(
        (batchId) => accepted.push(batchId),
        () => delay(50),
      );
      await delay(20);
    }
  });
  for (let kill = 0; kill < 3; kill += 1) {
    const before = accepted.length;
    await until(() => accepted.length > before + 5);
    await api.end('SIGKILL');
    api = await service.startApi();
  }
  isOver = true;
  await Promise.all(clients);

  for (const batchId of accepted) {
    const batch = await batchEnd(api.url, batchId);
    expect(batch.status).toBe('completed');
  }
  // Whatever became a batch had all its files; what did not is marked as unfinished and was never touched.
  const uploads = (await readdir(service.uploadDir)).filter((name) => !name.endsWith(UNFINISHED));
  const known = new Set(accepted);
  for (const batchId of uploads.filter((name) => !known.has(name))) {
    const answer = await fetch(`${api.url}/batches/${batchId}`);
    // Enqueued, but killed before its answer left: whole all the same. Or never enqueued: never processed.
    if (answer.ok) expect((await readBatch(api.url, batchId)).progress.failed).toBe(0);
    else expect((await readdir(service.processedDir)).filter((name) => name.includes(batchId))).toEqual([]);
  }
});
