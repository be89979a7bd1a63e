import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { onCleanup } from '../support/cleanup.ts';
import { runCleanupJob } from '../support/cleanup-job.ts';
import { batchEnd, type File, post, readBatch, upload } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { jpeg } from '../support/images.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { describeOnSmallDisk, smallDisk } from '../support/small-disk.ts';
import { expectOneResultEach, finishedNames } from '../support/whole.ts';

/** Files of one upload, and uploads before and after the disk becomes read-only. */
const FILES = sized(3, 10);
const UPLOADS = sized(1, 15);
/** Milliseconds for which the disk stays read-only after every file has failed on it. */
const READ_ONLY_MS = sized(0, 20_000);

describeOnSmallDisk('a read-only disk', () => {
  faultTest(
    'Disk of the results read-only for 20 s while files are processed',
    'No job fails, the log and the metrics name the cause; every job completes without intervention once the disk is writable',
    async () => {
      const disk = await smallDisk();
      const port = await freePort();
      const service = await ownService({
        PROCESSED_DIR: disk.folder,
        MIN_FREE_DISK: '0',
        WORKER_CONCURRENCY: '2',
        WORKER_PORT: String(port),
      });
      const worker = await service.startWorker({}, disk.launcher);
      const api = await service.startApi({}, disk.sharedWith(worker));
      const folder = disk.seenBy(worker);
      const files = Array<File>(FILES).fill(['a.jpg', await jpeg(64, 64)]);
      const batchIds: string[] = [];
      const uploadAll = async () => {
        for (let sent = 0; sent < UPLOADS; sent += 1) batchIds.push(await upload(api.url, ...files));
      };

      await uploadAll();
      await until(async () => (await finishedNames(folder)).length > 0);
      // A stopped worker cannot finish the second half before the disk is read-only.
      worker.child.kill('SIGSTOP');
      await uploadAll();
      await disk.remount(worker, 'ro');
      worker.child.kill('SIGCONT');

      const readAll = async () =>
        (await Promise.all(batchIds.map((batchId) => readBatch(api.url, batchId)))).flatMap((batch) => batch.files);
      const unfinished = (await readAll()).filter(({ state }) => state !== 'completed').map(({ jobId }) => jobId);
      const failed = async () => (await readAll()).flatMap(({ failedReason }) => failedReason ?? []);
      // A failed job has three attempts. A file that has waited twice would use its last one, if waiting counted.
      const timesWaited = (jobId: string) => {
        const lines = worker.output().split('\n');
        return lines.filter((line) => /EROFS.*the job waits for it/.test(line) && line.includes(jobId)).length;
      };
      await until(async () => unfinished.every((jobId) => timesWaited(jobId) >= 2) || (await failed()).length > 0);
      await delay(READ_ONLY_MS);
      expect(await failed()).toEqual([]);
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const [, waited] = /^image_storage_waits_total\{code="STORAGE_UNAVAILABLE"\} (\d+)$/m.exec(metrics) ?? [];
      expect(Number(waited)).toBeGreaterThanOrEqual(2 * unfinished.length);

      await disk.remount(worker, 'rw');
      const writableAt = Date.now();
      const batches = [];
      for (const batchId of batchIds) batches.push(await batchEnd(api.url, batchId));
      const seconds = ((Date.now() - writableAt) / 1000).toFixed(1);
      for (const batch of batches) expect(batch.status).toBe('completed');
      await expectOneResultEach(folder, batches);
      return `${unfinished.length} of ${2 * UPLOADS * FILES} files waited, all completed ${seconds} s after the disk was writable`;
    },
  );

  faultTest(
    'Disk of the results read-only while a batch is deleted',
    '503 `STORAGE_UNAVAILABLE` with `Retry-After`, and the batch is gone for clients; its files are deleted later by a cleanup job',
    async () => {
      const disk = await smallDisk();
      const service = await ownService({ PROCESSED_DIR: disk.folder, MIN_FREE_DISK: '0' });
      const worker = await service.startWorker({}, disk.launcher);
      const api = await service.startApi({}, disk.sharedWith(worker));
      const folder = disk.seenBy(worker);
      const batchId = await upload(api.url, ['a.jpg', await jpeg(64, 64)]);
      const batch = await batchEnd(api.url, batchId);
      await disk.remount(worker, 'ro');
      const deleting = await fetch(`${api.url}/batches/${batchId}`, { method: 'DELETE' });
      expect(await deleting.json()).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
      expect(deleting.headers.get('Retry-After')).toMatch(/^\d+$/);
      expect((await fetch(`${api.url}/batches/${batchId}`)).status).toBe(410);

      const admin = new Redis(service.redis.url);
      onCleanup(() => admin.disconnect());
      /** Runs a cleanup job on the deletion now, instead of in half a minute. */
      const clean = async () => {
        const [deletion = ''] = await admin.zrange('{images}:removing', '0', '-1');
        await admin.zadd('{images}:removing', 1, deletion);
        await runCleanupJob(admin);
      };
      await clean();
      await expectOneResultEach(folder, [batch]);
      expect(worker.output()).toMatch(/EROFS.*a batch could not be removed; will retry/);
      await disk.remount(worker, 'rw');
      await clean();
      expect(await finishedNames(folder)).toEqual([]);
      return 'gone for clients at once, its file deleted by the first cleanup job on a writable disk';
    },
  );

  faultTest(
    'Disk of the originals read-only',
    '503 `STORAGE_UNAVAILABLE` with `Retry-After`, no partial files remain; uploads are accepted again once it is writable',
    async () => {
      const disk = await smallDisk();
      const service = await ownService({ UPLOAD_DIR: disk.folder, MIN_FREE_DISK: '0' });
      const api = await service.startApi({}, disk.launcher);
      const file: File = ['a.jpg', await jpeg(64, 64)];
      await upload(api.url, file);
      const before = await readdir(disk.seenBy(api));
      await disk.remount(api, 'ro');
      const refused = await post(api.url, [file]);
      expect(await refused.json()).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
      expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/);
      expect(await readdir(disk.seenBy(api))).toEqual(before);
      await disk.remount(api, 'rw');
      await upload(api.url, file);
      return 'refused without leaving files; the first upload to a writable disk accepted';
    },
  );
});
