import { setTimeout as delay } from 'node:timers/promises';
import { batchEnd, type File, readJob, upload } from '../support/client.ts';
import { holdNextImage, imageChildren, isAlive } from '../support/descendants.ts';
import { jpeg, slowImage } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

type Service = Awaited<ReturnType<typeof ownService>>;
const small = jpeg(64, 64);

describe('a worker that processes one image at a time', () => {
  let service: Service;
  let url: string;
  const isActive = (jobId: string) => until(async () => (await readJob(url, jobId)).state === 'active');

  beforeAll(async () => {
    service = await ownService({ WORKER_CONCURRENCY: '1', JOB_TIMEOUT_SECONDS: '120' });
    ({ url } = await service.startApi());
  });

  test('finishes its image on SIGTERM, takes no other, and exits with 0', async () => {
    const worker = await service.startWorker({ SHUTDOWN_SECONDS: '120' });
    const release = await holdNextImage(worker, url);
    const batchId = await upload(url, ['a.jpg', await small], ['next.jpg', await small]);
    await isActive(`${batchId}-0`);
    const ended = worker.end('SIGTERM');
    await until(() => worker.output().includes('shutting down'));
    release();
    expect(await ended).toBe(0);
    expect((await readJob(url, `${batchId}-0`)).state).toBe('completed');
    expect((await readJob(url, `${batchId}-1`)).state).toBe('waiting');
    await fetch(`${url}/batches/${batchId}`, { method: 'DELETE' });
  });

  test('returns an image to the queue at SHUTDOWN_SECONDS, exits with 0, and leaves no process', async () => {
    const worker = await service.startWorker({ SHUTDOWN_SECONDS: '1' });
    const release = await holdNextImage(worker, url);
    const children = imageChildren(worker.child.pid);
    const batchId = await upload(url, ['slow.png', slowImage(7000)]);
    const jobId = `${batchId}-0`;
    await isActive(jobId);
    const ended = worker.end('SIGTERM');
    await until(() => worker.output().includes('shutting down'));
    // The image begins shortly before the limit, so that it runs at the limit on a machine of any speed.
    await delay(900);
    release();
    expect(await ended).toBe(0);
    expect(await readJob(url, jobId)).toMatchObject({ state: 'waiting', failedReason: null });
    await until(() => !children.some(isAlive));
    expect((await storedNames(service.processedDir)).filter((name) => name.includes(batchId))).toEqual([]);
    await service.startWorker();
    expect((await batchEnd(url, batchId)).status).toBe('completed');
  });

  test('that is killed ends with its children, and another worker takes its jobs', async () => {
    const worker = await service.startWorker();
    const release = await holdNextImage(worker, url);
    const children = imageChildren(worker.child.pid);
    expect(children).not.toEqual([]);
    const batchId = await upload(url, ['slow.png', slowImage(7000)]);
    await isActive(`${batchId}-0`);
    release();
    await worker.end('SIGKILL');
    const other = await service.startWorker();
    await until(() => !children.some(isAlive));
    // How long this takes is measured in tests/faults/worker-killed.test.ts.
    await until(() => other.output().includes('continuing the job of a worker that died'));
    expect((await batchEnd(url, batchId)).status).toBe('completed');
  });
});

describe('the children of a worker that is killed', () => {
  let service: Service;
  let url: string;
  beforeAll(async () => {
    service = await ownService();
    ({ url } = await service.startApi());
  });

  test('end, even if they have only just been started', async () => {
    for (const ageMs of [0, 200, 400]) {
      const worker = await service.startWorker();
      await upload(url, ['a.jpg', await small]);
      const children = await until(() => {
        const found = imageChildren(worker.child.pid);
        return found.length > 0 && found;
      });
      await delay(ageMs);
      await worker.end('SIGKILL');
      await until(() => !children.some(isAlive));
    }
  });

  test('end in the middle of their images', async () => {
    for (let batch = 0; batch < 10; batch += 1) await upload(url, ...Array<File>(10).fill(['a.jpg', await small]));
    for (let round = 1; round <= 2; round += 1) {
      const worker = await service.startWorker({ WORKER_CONCURRENCY: '4' });
      await until(async () => (await storedNames(service.processedDir)).length > round * 10);
      const children = imageChildren(worker.child.pid);
      await worker.end('SIGKILL');
      await until(() => !children.some(isAlive));
    }
  });
});
