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

/** Seconds that an image itself may take. */
const IMAGE_SECONDS = 5;

describeWithBucket('a service whose files are in a bucket', () => {
  let bucket: TestBucket;
  let service: Awaited<ReturnType<typeof ownService>>;
  let url: string;
  let api: TestProcess & { url: string };
  let worker: TestProcess;
  /** Folders that nobody should make. */
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

  test('takes, processes, shows and removes a batch, and the disk of its machines has none of it', async () => {
    const batchId = await upload(url, file, ['b.jpg', await jpeg(64, 64)]);
    const batch = await batchEnd(url, batchId);
    expect(batch.status).toBe('completed');
    const key = `processed/processed-${batchId}-0.jpg`;
    expect(batch.files[0]?.result?.outputPath).toBe(`s3://pictures/of the/service/${key}`);

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

  test('answers for parts and for what is known already as it does with a file on the disk', async () => {
    const batchId = await upload(url, file);
    const bytes = Number((await batchEnd(url, batchId)).files[0]?.result?.bytes);
    const ask = async (headers: Record<string, string>, method = 'GET') => {
      const answer = await fetch(`${url}/jobs/${batchId}-0/result`, { headers, method });
      return [answer.status, (await answer.arrayBuffer()).byteLength, answer.headers.get('content-range')];
    };
    const etag = `"${batchId}-0-"`;
    expect(await ask({}, 'HEAD')).toEqual([200, 0, null]);
    expect(await ask({ Range: 'bytes=10-19' })).toEqual([206, 10, `bytes 10-19/${bytes}`]);
    expect(await ask({ Range: 'bytes=10-19', 'If-Range': etag })).toEqual([206, 10, `bytes 10-19/${bytes}`]);
    expect(await ask({ Range: 'bytes=10-19', 'If-Range': '"other"' })).toEqual([200, bytes, null]);
    expect(await ask({ Range: 'bytes=0-9,20-29' })).toEqual([200, bytes, null]);
    expect((await ask({ Range: `bytes=${bytes}-` }))[0]).toBe(416);
    expect(await ask({ 'If-None-Match': etag, 'Cache-Control': '' })).toEqual([304, 0, null]);
    expect((await ask({ 'If-Match': `"other", ${etag}` }))[0]).toBe(200);
    expect((await ask({ 'If-Match': '"other"' }))[0]).toBe(412);
    // A weak tag never matches there (RFC 9110, sections 13.1.1 and 13.1.5).
    expect(await ask({ Range: 'bytes=10-19', 'If-Range': `W/${etag}` })).toEqual([200, bytes, null]);
    expect((await ask({ 'If-Match': `W/${etag}` }))[0]).toBe(412);
    expect((await ask({ 'If-Match': `W/"other", ${etag}` }))[0]).toBe(200);
    expect((await ask({ 'If-None-Match': `W/${etag}`, 'Cache-Control': '' }))[0]).toBe(304);
    await openTestBucket(bucket).results.remove(`${batchId}-0`, 'jpeg');
    const gone = await fetch(`${url}/jobs/${batchId}-0/result`);
    expect(gone.status).toBe(410);
    expect(await gone.json()).toMatchObject({ code: 'FILE_GONE' });
  });

  test('can send clients to the bucket itself', async () => {
    const batchId = await upload(url, file);
    await batchEnd(url, batchId);
    const api = await service.startApi({ STORAGE_REDIRECT: 'true' });
    const away = await fetch(`${api.url}/jobs/${batchId}-0/result?download=1`, { redirect: 'manual' });
    expect([away.status, away.headers.get('cache-control')]).toEqual([302, 'no-store']);
    const answer = await fetch(away.headers.get('location') ?? '');
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="a photo.jpg"');
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(100);
    expect((await fetch(`${api.url}/jobs/${batchId}-0/original`, { method: 'HEAD' })).status).toBe(200);
  });

  test('does not start with another bucket or prefix, or with folders', async () => {
    for (const settings of [{ STORAGE_URL: 's3://pictures/other' }, { STORAGE_URL: '' }]) {
      await expect(service.startWorker(settings)).rejects.toThrow('does not use the storage of its queue');
    }
    // Of the folders that such a process was given it has made what it looked at.
    await rm(unused, { recursive: true, force: true });
  });

  test('leaves nothing of an upload that is refused', async () => {
    // What was committed before is removed from there in its own time.
    await until(async () => (await keysIn(bucket, {}, INCOMING)).length === 0);
    expect((await post(url, [file, ['b.txt', 'no picture']])).status).toBe(415);
    expect(await keysIn(bucket, {}, INCOMING)).toEqual([]);
  });

  test('takes a bucket that hangs for no fault of an image', async () => {
    worker.child.kill('SIGSTOP');
    const batchId = await upload(url, file);
    bucket.signal('SIGSTOP');
    worker.child.kill('SIGCONT');
    await delay((IMAGE_SECONDS + 2) * 1000);
    bucket.signal('SIGCONT');
    expect((await batchEnd(url, batchId)).status).toBe('completed');
  });

  test('refuses uploads while the bucket is away, and what was accepted waits for it', async () => {
    worker.child.kill('SIGSTOP');
    const batchId = await upload(url, file);
    await bucket.kill();
    worker.child.kill('SIGCONT');
    const refused = await post(url, [file]);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await refused.json()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await until(() => worker.output().includes('out of reach'));
    await bucket.restart();
    expect((await batchEnd(url, batchId)).status).toBe('completed');
  });
});
