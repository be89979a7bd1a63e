import type { ServiceStatus } from '../../src/api/views/service-status.ts';
import { batchEnd, upload } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let url: string;
beforeAll(async () => {
  service = await ownService({ WORKER_CONCURRENCY: '1' });
  ({ url } = await service.startApi());
});

async function readStatus(): Promise<ServiceStatus> {
  const response = await fetch(`${url}/status`);
  expect(response.status).toBe(200);
  return response.json() as Promise<ServiceStatus>;
}

test('counts waiting files, and workers that start, stop and are killed', async () => {
  expect(await readStatus()).toEqual({
    workers: 0,
    waitingFiles: 0,
    activeFiles: 0,
    filesPerSecond: null,
    oldestBatchAgeSeconds: null,
  });
  const image = await jpeg(64, 64);
  const batchId = await upload(url, ['a.jpg', image], ['b.jpg', image]);
  const waiting = await readStatus();
  expect(waiting).toMatchObject({ workers: 0, waitingFiles: 2, activeFiles: 0 });
  expect(waiting.oldestBatchAgeSeconds).toBeGreaterThanOrEqual(0);

  const [one, other] = [await service.startWorker(), await service.startWorker()];
  await until(async () => (await readStatus()).workers === 2);
  // The rate is that between two readings.
  await until(async () => (await readStatus()).filesPerSecond);
  await batchEnd(url, batchId);
  await until(async () => {
    const { waitingFiles, activeFiles, oldestBatchAgeSeconds } = await readStatus();
    return waitingFiles === 0 && activeFiles === 0 && oldestBatchAgeSeconds === null;
  });

  await one.end('SIGKILL');
  await until(async () => (await readStatus()).workers === 1);
  await other.end('SIGTERM');
  await until(async () => (await readStatus()).workers === 0);
});
