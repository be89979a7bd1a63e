import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { INCOMING } from '../../src/storage/s3/originals.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, type File, post, upload } from '../support/client.ts';
import { jpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { describeWithBucket, keysIn, openTestBucket, startBucket, type TestBucket } from '../support/s3.ts';
import { ownService } from '../support/service.ts';
import { readZip } from '../support/zip.ts';

/** Time limit of an image in seconds. */
const IMAGE_SECONDS = 5;

describeWithBucket('a service whose files are in a bucket', () => {
  let bucket: TestBucket;
  let service: Awaited<ReturnType<typeof ownService>>;
  let url: string;
  let api: TestProcess & { url: string };
  let worker: TestProcess;
  /** Folders that no process should make. */
  let unused: string;
  let picture: Buffer;
  let file: File;

  beforeAll(async () => {
    bucket = await startBucket();
    unused = join(await temporaryFolder(), 'unused');
    const folders = { UPLOAD_DIR: join(unused, 'a'), PROCESSED_DIR: join(unused, 'b') };
    service = await ownService({ ...bucket.settings, ...folders, JOB_TIMEOUT_SECONDS: String(IMAGE_SECONDS) });
    [api, worker] = await Promise.all([service.startApi(), service.startWorker()]);
    url = api.url;
    picture = await jpeg();
    file = ['a photo.jpg', picture];
  });

  test('accepts, processes, serves and deletes a batch, and writes nothing to the disk', async () => {
    const batchId = await upload(url, file, ['b.jpg', await jpeg(64, 64)]);
    const batch = await batchEnd(url, batchId);
    expect(batch.status).toBe('completed');
    const key = `processed/processed-${batchId}-0.jpg`;
    expect(batch.files[0]?.result?.outputPath).toBe(`s3://images/of the/service/${key}`);

    const job = `${url}/jobs/${batchId}-0`;
    const original = await fetch(`${job}/original`);
    expect(picture.equals(Buffer.from(await original.arrayBuffer()))).toBe(true);
    expect(original.headers.get('content-disposition')).toBe('inline; filename="a photo.jpg"');
    const result = await fetch(`${job}/result?download=1`);
    const bytes = Buffer.from(await result.arrayBuffer());
    expect(bytes).toHaveLength(Number(batch.files[0]?.result?.bytes));
    expect(Object.fromEntries(result.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': String(bytes.length),
      'content-disposition': 'attachment; filename="a photo.jpg"',
      'cache-control': 'private, max-age=31536000, immutable',
      etag: `"${batchId}-0-"`,
    });
    const inArchive = readZip(Buffer.from(await (await fetch(`${url}/batches/${batchId}/archive`)).arrayBuffer()));
    expect(inArchive.map(({ name }) => name)).toEqual(['a photo.jpg', 'b.jpg', 'manifest.json']);
    expect(bytes.equals(inArchive[0]?.content ?? Buffer.alloc(0))).toBe(true);

    expect((await fetch(`${url}/batches/${batchId}`, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(`${job}/result`)).status).toBe(410);
    const { originals, results } = openTestBucket(bucket);
    await expect(originals.read(batchId, 0)).rejects.toMatchObject({ code: 'FILE_GONE' });
    await expect(results.read(`${batchId}-0`, 'jpeg')).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect(existsSync(unused)).toBe(false);
  });

  test('prints no warnings, whatever the version of Node.js', async () => {
    await batchEnd(url, await upload(url, file));
    expect(api.output() + worker.output()).not.toMatch(/warning/i);
  });

  test('supports range and conditional requests as with local storage', async () => {
    const batchId = await upload(url, file);
    const bytes = Number((await batchEnd(url, batchId)).files[0]?.result?.bytes);
    const request = async (headers: Record<string, string>, method = 'GET') => {
      const response = await fetch(`${url}/jobs/${batchId}-0/result`, { headers, method });
      return [response.status, (await response.arrayBuffer()).byteLength, response.headers.get('content-range')];
    };
    const etag = `"${batchId}-0-"`;
    expect(await request({}, 'HEAD')).toEqual([200, 0, null]);
    expect(await request({ Range: 'bytes=10-19' })).toEqual([206, 10, `bytes 10-19/${bytes}`]);
    expect(await request({ Range: 'bytes=10-19', 'If-Range': etag })).toEqual([206, 10, `bytes 10-19/${bytes}`]);
    expect(await request({ Range: 'bytes=10-19', 'If-Range': '"other"' })).toEqual([200, bytes, null]);
    expect(await request({ Range: 'bytes=0-9,20-29' })).toEqual([200, bytes, null]);
    expect((await request({ Range: `bytes=${bytes}-` }))[0]).toBe(416);
    expect(await request({ 'If-None-Match': etag, 'Cache-Control': '' })).toEqual([304, 0, null]);
    expect((await request({ 'If-Match': `"other", ${etag}` }))[0]).toBe(200);
    expect((await request({ 'If-Match': '"other"' }))[0]).toBe(412);
    // A weak tag never matches there (RFC 9110, sections 13.1.1 and 13.1.5).
    expect(await request({ Range: 'bytes=10-19', 'If-Range': `W/${etag}` })).toEqual([200, bytes, null]);
    expect((await request({ 'If-Match': `W/${etag}` }))[0]).toBe(412);
    expect((await request({ 'If-Match': `W/"other", ${etag}` }))[0]).toBe(200);
    expect((await request({ 'If-None-Match': `W/${etag}`, 'Cache-Control': '' }))[0]).toBe(304);
    await openTestBucket(bucket).results.remove(`${batchId}-0`, 'jpeg');
    const gone = await fetch(`${url}/jobs/${batchId}-0/result`);
    expect(gone.status).toBe(410);
    expect(await gone.json()).toMatchObject({ code: 'FILE_GONE' });
  });

  test('redirects clients to the bucket with STORAGE_REDIRECT', async () => {
    const batchId = await upload(url, file);
    await batchEnd(url, batchId);
    const api = await service.startApi({ STORAGE_REDIRECT: 'true' });
    const away = await fetch(`${api.url}/jobs/${batchId}-0/result?download=1`, { redirect: 'manual' });
    expect([away.status, away.headers.get('cache-control')]).toEqual([302, 'no-store']);
    const response = await fetch(away.headers.get('location') ?? '');
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="a photo.jpg"');
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(100);
    expect((await fetch(`${api.url}/jobs/${batchId}-0/original`, { method: 'HEAD' })).status).toBe(200);
  });

  test('does not start with another bucket or prefix, or with folders', async () => {
    const starts = ['s3://images/other', ''].map((url) => service.startWorker({ STORAGE_URL: url }));
    for (const { status, reason } of (await Promise.allSettled(starts)) as PromiseRejectedResult[]) {
      expect([status, String(reason)]).toEqual([
        'rejected',
        expect.stringContaining('does not use the storage of its queue'),
      ]);
    }
    // The process without a bucket has made its folders.
    await rm(unused, { recursive: true, force: true });
  });

  test('keeps nothing of a refused upload', async () => {
    // The files of committed uploads are removed from there later.
    await until(async () => (await keysIn(bucket, {}, INCOMING)).length === 0);
    expect((await post(url, [file, ['b.txt', 'no image']])).status).toBe(415);
    expect(await keysIn(bucket, {}, INCOMING)).toEqual([]);
  });

  test('does not fail an image while the bucket hangs', async () => {
    worker.child.kill('SIGSTOP');
    const batchId = await upload(url, file);
    bucket.signal('SIGSTOP');
    worker.child.kill('SIGCONT');
    await delay((IMAGE_SECONDS + 2) * 1000);
    bucket.signal('SIGCONT');
    expect((await batchEnd(url, batchId)).status).toBe('completed');
  });

  test('refuses uploads while the bucket is unavailable, and accepted files wait for it', async () => {
    worker.child.kill('SIGSTOP');
    const batchId = await upload(url, file);
    await bucket.kill();
    worker.child.kill('SIGCONT');
    const refused = await post(url, [file]);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await refused.json()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await until(() => worker.output().includes('full or unavailable'));
    await bucket.restart();
    expect((await batchEnd(url, batchId)).status).toBe('completed');
  });
});
