import { setTimeout as delay } from 'node:timers/promises';
import { batchEnd, type File, post, readBatch, upload } from '../support/client.ts';
import { faultTest, sized } from '../support/fault.ts';
import { testImage } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { describeOnSmallDisk, FILLER, fillDisk, smallDisk } from '../support/small-disk.ts';
import { expectOneResultEach, finishedNames, storedNames } from '../support/whole.ts';

/** Without this the service would refuse the upload by its own check of the free space. */
const withoutAdmission = { MIN_FREE_DISK: '0' };
const FULL_MS = sized(5000, 60_000);

/** Returns two files of about two mebibytes each. */
async function largeFiles(): Promise<File[]> {
  const large = await testImage(2400, 1800).jpeg({ quality: 97 }).toBuffer();
  return ['a.jpg', 'b.jpg'].map((name) => [name, large]);
}

describeOnSmallDisk('a full disk', () => {
  faultTest(
    'Disk of the originals full in the middle of an upload',
    '507 `STORAGE_FULL` with `Retry-After`, no partial files remain; uploads are accepted again once there is free space',
    async () => {
      const disk = await smallDisk();
      const service = await ownService({ ...withoutAdmission, UPLOAD_DIR: disk.folder });
      const api = await service.startApi({}, disk.launcher);
      const folder = disk.seenBy(api);
      const files = await largeFiles();
      const size = files[0]?.[1].length ?? 0;
      // Space for the first file and half of the second.
      const freeSpace = await fillDisk(folder, size * 1.5);
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const response = await post(api.url, files);
        expect(await response.json()).toMatchObject({ status: 507, code: 'STORAGE_FULL' });
        expect(response.headers.get('Retry-After')).toMatch(/^\d+$/);
        expect(await storedNames(folder)).toEqual([FILLER]);
      }
      await freeSpace();
      const batchId = await upload(api.url, ...files);
      expect(await storedNames(folder)).toEqual([batchId]);
      return '3 of 3 uploads refused without leaving files; the first upload with free space accepted';
    },
  );

  faultTest(
    'Disk of the results full for a minute',
    'No job fails, no partial files remain; every job completes without intervention once there is free space',
    async () => {
      const disk = await smallDisk();
      const service = await ownService({ ...withoutAdmission, PROCESSED_DIR: disk.folder, WORKER_CONCURRENCY: '2' });
      const worker = await service.startWorker({}, disk.launcher);
      const api = await service.startApi({}, disk.sharedWith(worker));
      const folder = disk.seenBy(worker);
      const freeSpace = await fillDisk(folder);
      const batchId = await upload(api.url, ...(await largeFiles()));
      await until(() => worker.output().includes('ENOSPC'));
      await delay(FULL_MS);
      expect((await readBatch(api.url, batchId)).files.map(({ failedReason }) => failedReason)).toEqual([null, null]);
      expect(await finishedNames(folder)).toEqual([FILLER]);
      await freeSpace();
      const freedAt = Date.now();
      const batch = await batchEnd(api.url, batchId);
      expect(batch.status).toBe('completed');
      await expectOneResultEach(folder, [batch]);
      expect(await storedNames(folder)).toHaveLength(2);
      return `2 of 2 files completed ${((Date.now() - freedAt) / 1000).toFixed(1)} s after space was freed`;
    },
  );
});
