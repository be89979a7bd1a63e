import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import supertest from 'supertest';
import type { BatchResponse, JobResponse } from '../../src/api/views/status.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { batchEnd, type File, form, readBatch, readJob, upload } from '../support/client.ts';
import { jpeg, testImage, truncatedJpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import type { TestRedis } from '../support/redis.ts';
import { ownService } from '../support/service.ts';
import { madeUpResult, takeJobs } from '../support/take-jobs.ts';
import { unzip } from '../support/zip.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };
let url: string;
let worker: TestProcess;

beforeAll(async () => {
  service = await ownService();
  const settings = await watermarkSettings({ logo: 'logo.png' });
  [api, worker] = await Promise.all([service.startApi(settings), service.startWorker(settings)]);
  url = api.url;
});

/** Writes a red watermark, and a `WATERMARKS_FILE` with the given entries beside it. */
async function watermarkSettings(entries: Record<string, string>): Promise<Record<string, string>> {
  const folder = await temporaryFolder();
  const red = sharp({ create: { width: 20, height: 20, channels: 4, background: '#ff0000' } });
  await writeFile(join(folder, 'logo.png'), await red.png().toBuffer());
  await writeFile(join(folder, 'watermarks.json'), JSON.stringify(entries));
  return { WATERMARKS_FILE: join(folder, 'watermarks.json') };
}

/** Stops the worker, so that no image is processed meanwhile. Returns a function that resumes it. */
function holdWorker(): () => void {
  const release = () => void worker.child.kill('SIGCONT');
  worker.child.kill('SIGSTOP');
  onCleanup(release);
  return release;
}

function uploadWith(files: File[], options: Record<string, string>, headers: Record<string, string> = {}) {
  const body = form(files);
  for (const [name, value] of Object.entries(options)) body.append(name, value);
  return fetch(`${url}/process-images`, { method: 'POST', body, headers });
}

describe('the result of a finished image', () => {
  let path: string;
  let onDisk: Buffer;
  let sent: Buffer;
  beforeAll(async () => {
    sent = await testImage().png().toBuffer();
    const { files } = await batchEnd(url, await upload(url, ['Füße/Ferien “1”.png', sent]));
    path = url + files[0]?.resultUrl;
    onDisk = await readFile(resolve(projectRoot, files[0]?.result?.outputPath ?? ''));
  });

  test('is served with its type, its length, caching headers and a safe file name', async () => {
    const response = await fetch(path);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(onDisk)).toBe(true);
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(response.headers.get('content-length')).toBe(String(onDisk.length));
    expect(response.headers.get('etag')).toMatch(/^"[^"]+"$/);
    expect(Date.parse(response.headers.get('last-modified') ?? '')).toBeLessThanOrEqual(Date.now());
    expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    const disposition = response.headers.get('content-disposition') ?? '';
    expect(disposition).toMatch(/^inline;/);
    expect(disposition).toContain(`filename*=UTF-8''Ferien%20%E2%80%9C1%E2%80%9D.jpg`);
  });

  test('is served as an attachment with download=1', async () => {
    expect((await fetch(`${path}?download=1`)).headers.get('content-disposition')).toMatch(/^attachment;/);
  });

  test('supports conditional and range requests', async () => {
    const whole = await fetch(path);
    const etag = whole.headers.get('etag') ?? '';
    const modified = whole.headers.get('last-modified') ?? '';
    const get = (headers: Record<string, string>) => fetch(path, { headers });
    // Not with fetch, which adds Cache-Control: no-cache to conditional requests.
    const address = path.slice(url.length);
    expect((await supertest(url).get(address).set('If-None-Match', etag)).status).toBe(304);
    expect((await supertest(url).get(address).set('If-Modified-Since', modified)).status).toBe(304);
    expect((await get({ 'If-Match': '"other"' })).status).toBe(412);
    const part = await get({ Range: 'bytes=10-19' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 10-19/${onDisk.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(onDisk.subarray(10, 20))).toBe(true);
    expect((await get({ Range: 'bytes=10-19', 'If-Range': '"other"' })).status).toBe(200);
    const beyond = await get({ Range: 'bytes=9999999-' });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe(`bytes */${onDisk.length}`);
    const head = await fetch(path, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(onDisk.length)]);
  });

  test('compares entity tags strongly for If-Match and If-Range', async () => {
    const etag = (await fetch(path, { method: 'HEAD' })).headers.get('etag') ?? '';
    const address = path.slice(url.length);
    const get = (headers: Record<string, string>) => supertest(url).get(address).set(headers);
    for (const [value, status] of [
      [etag, 200],
      ['*', 200],
      [`"other", ${etag}`, 200],
      [`W/"other",${etag}`, 200],
      [`"W/", ${etag}`, 200],
      [`W/${etag}`, 412],
      [`"other", W/${etag}`, 412],
      [`W/${etag}, W/"other"`, 412],
    ] as const)
      expect([value, (await get({ 'If-Match': value })).status]).toEqual([value, status]);
    for (const [value, status] of [
      [etag, 206],
      [`W/${etag}`, 200],
      ['W/"other"', 200],
    ] as const)
      expect([value, (await get({ Range: 'bytes=0-9', 'If-Range': value })).status]).toEqual([value, status]);
    expect((await get({ 'If-None-Match': `W/${etag}` })).status).toBe(304);
  });

  test('is accompanied by its original, byte for byte', async () => {
    const response = await fetch(path.replace(/result$/, 'original'));
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-disposition')).toContain('%E2%80%9C1%E2%80%9D.png');
    expect(Buffer.from(await response.arrayBuffer()).equals(sent)).toBe(true);
  });
});

test('shows what is known of the original in both statuses if the upload asks for it', async () => {
  const source = await testImage(300, 200).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const send = async (options: Record<string, string>) => {
    const response = await uploadWith([['a.jpg', source]], options);
    const { batchId } = (await response.json()) as { batchId: string };
    const [file] = (await batchEnd(url, batchId)).files;
    expect((await readJob(url, `${batchId}-0`)).result).toEqual(file?.result);
    return file?.result;
  };
  const asked = await send({ info: 'true', variants: '[{"name":"a","width":64},{"name":"b","rotate":90}]' });
  const dhash = expect.stringMatching(/^[0-9a-f]{16}$/);
  expect(asked).toMatchObject({
    dhash,
    info: { format: 'jpeg', width: 200, height: 300, orientation: 6, colorSpace: 'rgb', isGrayscale: false },
  });
  const plain = await send({ width: '64' });
  expect(plain).toMatchObject({ dhash });
  expect(plain).not.toHaveProperty('info');
});

test('returns 409 while a result is not finished or if it failed, and 410 if its file is missing', async () => {
  const release = holdWorker();
  const batchId = await upload(
    url,
    ['a.jpg', await jpeg()],
    ['broken.jpg', await truncatedJpeg()],
    ['c.jpg', await jpeg()],
  );
  const get = async (path: string) => {
    const response = await fetch(url + path);
    return {
      status: response.status,
      retry: response.headers.get('retry-after'),
      body: (await response.json()) as { code: string; detail: string },
    };
  };
  expect(await get(`/jobs/${batchId}-2/result`)).toMatchObject({
    status: 409,
    retry: '1',
    body: { code: 'JOB_NOT_FINISHED' },
  });
  expect(await get(`/batches/${batchId}/archive`)).toMatchObject({
    status: 409,
    retry: '1',
    body: { code: 'BATCH_NOT_FINISHED' },
  });
  release();
  const { files } = await batchEnd(url, batchId);
  const failed = await get(`/jobs/${batchId}-1/result`);
  expect(failed).toMatchObject({ status: 409, retry: null, body: { code: 'JOB_FAILED' } });
  expect(failed.body.detail).toContain('truncated JPEG');
  await rm(resolve(projectRoot, files[2]?.result?.outputPath ?? ''));
  expect(await get(`/jobs/${batchId}-2/result`)).toMatchObject({ status: 410, body: { code: 'FILE_GONE' } });
});

test('serves each variant of a file by its name', async () => {
  const variants = JSON.stringify([
    { name: 'thumb', width: 160, format: 'webp' },
    { name: 'large', width: 700, grayscale: false },
  ]);
  const accepted = (await (await uploadWith([['a.jpg', await jpeg(800, 600)]], { variants })).json()) as {
    batchId: string;
  };
  const [file] = (await batchEnd(url, accepted.batchId)).files;
  const { result } = await readJob(url, file?.jobId ?? '');
  expect(result?.outputs?.map(({ name, width, format }) => [name, width, format])).toEqual([
    ['thumb', 160, 'webp'],
    ['large', 700, 'jpeg'],
  ]);
  expect(result?.outputPath).toBe(result?.outputs?.[0]?.outputPath);
  for (const output of result?.outputs ?? []) {
    const response = await fetch(url + output.resultUrl);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect((await sharp(bytes).metadata()).width).toBe(output.width);
    expect(response.headers.get('content-disposition')).toContain(`a-${output.name}.`);
    expect(bytes.length).toBe(output.bytes);
  }
  expect((await fetch(url + result?.resultUrl)).headers.get('content-type')).toBe('image/webp');
  expect((await fetch(`${url}${result?.resultUrl}?variant=none`)).status).toBe(404);
});

test('returns 400 with the name of an invalid option, and stores nothing', async () => {
  const before = await readdir(service.uploadDir);
  for (const [options, words] of [
    [{ width: '99999' }, 'width must be a whole number from 1 to 4096'],
    [{ variants: '[{"name":"a"},' }, 'variants must be a JSON array'],
    [{ preset: 'avatar' }, 'preset must be one of'],
    [{ width: '4096', height: '4096', format: 'avif' }, 'megapixels of results'],
  ] as [Record<string, string>, string][]) {
    const response = await uploadWith([['a.jpg', await jpeg(64, 64)]], options);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'INVALID_OPTION', detail: expect.stringContaining(words) });
  }
  const empty = await uploadWith([['a.jpg', await jpeg(64, 64)]], { width: '', fit: '', variants: '', preset: '' });
  expect(empty.status).toBe(202);
  before.push(((await empty.json()) as { batchId: string }).batchId);
  const twice = form([['a.jpg', await jpeg(64, 64)]]);
  twice.append('width', '10');
  twice.append('width', '20');
  const response = await fetch(`${url}/process-images`, { method: 'POST', body: twice });
  expect(await response.json()).toMatchObject({
    code: 'INVALID_OPTION',
    detail: expect.stringContaining('width must be given once'),
  });
  expect((await readdir(service.uploadDir)).sort()).toEqual(before.sort());
});

describe('watermarks', () => {
  test('are named by an upload, and drawn by the worker', async () => {
    expect(await (await fetch(`${url}/presets`)).json()).toMatchObject({ watermarks: ['logo'] });
    const watermark = JSON.stringify({ image: 'logo', opacity: 1, position: 'northwest', margin: 0 });
    const options = { watermark, grayscale: 'false', format: 'png', width: '100' };
    const response = await uploadWith([['a.jpg', await jpeg()]], options, { Prefer: 'wait=60' });
    const { files } = (await response.json()) as BatchResponse;
    const result = await (await fetch(url + files[0]?.resultUrl)).arrayBuffer();
    expect([...(await sharp(result).raw().toBuffer()).subarray(0, 3)]).toEqual([255, 0, 0]);
  });

  test('that do not exist are refused by name', async () => {
    const response = await uploadWith([['a.jpg', await jpeg()]], { watermark: 'other' });
    expect(await response.json()).toMatchObject({
      code: 'INVALID_OPTION',
      detail: expect.stringContaining('watermark.image must be one of logo'),
    });
  });

  test('stop the API and the worker at start if entries of the file are wrong, with the reason of each', async () => {
    const settings = await watermarkSettings({ gone: 'missing.png', text: 'watermarks.json', '../x': 'logo.png' });
    for (const start of [service.startApi, service.startWorker]) {
      const inOrder =
        /gone cannot be read \(ENOENT\): missing\.png\n +text is not a PNG file.*\n +\.\.\/x must be 1 to 32 letters/;
      await expect(start(settings)).rejects.toThrow(inOrder);
    }
  });
});

test('an animation stays one if the upload asks for it', async () => {
  const frames = ['#000000', '#ffffff'].map((background) =>
    sharp({ create: { width: 80, height: 60, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  const animation = await sharp(await Promise.all(frames), { join: { animated: true } })
    .gif()
    .toBuffer();
  const options = { animated: 'true', format: 'webp', width: '40' };
  const response = await uploadWith([['a.gif', animation]], options, { Prefer: 'wait=60' });
  const { files } = (await response.json()) as BatchResponse;
  expect(files[0]?.result).toMatchObject({ format: 'webp', width: 40, height: 30 });
  const result = await (await fetch(url + files[0]?.resultUrl)).arrayBuffer();
  expect(await sharp(result).metadata()).toMatchObject({ pages: 2 });
});

describe('presets', () => {
  test('apply named sets of options, and exclude all other options with PRESETS_ONLY', async () => {
    const file = join(await temporaryFolder(), 'presets.json');
    const presets = { avatar: { width: 64, height: 64, format: 'png' } };
    await writeFile(file, JSON.stringify(presets));
    const [open, strict] = await Promise.all([
      service.startApi({ PRESETS_FILE: file }),
      service.startApi({ PRESETS_FILE: file, PRESETS_ONLY: 'true' }),
    ]);
    const send = async (api: { url: string }, options: Record<string, string>) => {
      const body = form([['a.jpg', await jpeg(128, 96)]]);
      for (const [name, value] of Object.entries(options)) body.append(name, value);
      return fetch(`${api.url}/process-images`, { method: 'POST', body, headers: { Prefer: 'wait=60' } });
    };
    const size = async (response: Response) => {
      const { files } = (await response.json()) as BatchResponse;
      return [files[0]?.result?.width, files[0]?.result?.height, files[0]?.result?.format];
    };
    expect(await size(await send(open, { preset: 'avatar' }))).toEqual([64, 64, 'png']);
    expect(await size(await send(open, { preset: 'avatar', width: '32' }))).toEqual([32, 64, 'png']);
    expect(await size(await send(strict, { preset: 'avatar' }))).toEqual([64, 64, 'png']);
    expect(await size(await send(strict, {}))).toEqual([512, 384, 'jpeg']);
    expect((await send(strict, { preset: 'avatar', width: '32' })).status).toBe(400);
    expect(await (await fetch(`${strict.url}/presets`)).json()).toEqual({
      presets,
      presetsOnly: true,
      watermarks: [],
      limits: { maxFiles: 10, maxFileBytes: 5_242_880, acceptedFormats: ['jpeg', 'png', 'webp', 'gif', 'avif'] },
    });
  });

  test('with an invalid option stop the API at its start, with the name of the option', async () => {
    const file = join(await temporaryFolder(), 'presets.json');
    await writeFile(file, '{"avatar": {"width": 0}}');
    await expect(service.startApi({ PRESETS_FILE: file })).rejects.toThrow('avatar.width must be a whole number');
    await writeFile(file, '{');
    await expect(service.startApi({ PRESETS_FILE: file })).rejects.toThrow('PRESETS_FILE cannot be read as JSON');
  });
});

test('the archive contains every result under a unique name, and a manifest with the failures', async () => {
  const batchId = await upload(
    url,
    ['photo.png', await testImage(64, 64).png().toBuffer()],
    ['PHOTO.jpg', await jpeg(64, 64)],
    ['manifest.json', await jpeg(64, 64)],
    ['../../evil.jpg', await jpeg(64, 64)],
    ['broken.jpg', await truncatedJpeg()],
  );
  const { files } = await batchEnd(url, batchId);
  const response = await fetch(`${url}/batches/${batchId}/archive`);
  expect(response.headers.get('content-type')).toBe('application/zip');
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename=batch-${batchId}.zip`);
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'batch.zip'), Buffer.from(await response.arrayBuffer()));
  await mkdir(join(folder, 'out'));
  unzip(join(folder, 'batch.zip'), join(folder, 'out'));
  const names = ['evil.jpg', 'manifest.jpg', 'manifest.json', 'photo (2).jpg', 'photo.jpg'];
  expect((await readdir(join(folder, 'out'))).map((name) => name.replace('PHOTO', 'photo')).sort()).toEqual(names);
  const manifest = JSON.parse(await readFile(join(folder, 'out/manifest.json'), 'utf8'));
  expect(manifest).toMatchObject({ batchId, status: 'completed-with-errors' });
  expect(manifest.files[4]).toEqual({
    originalName: 'broken.jpg',
    state: 'failed',
    failedReason: 'truncated JPEG',
    failure: { code: 'IMAGE_TRUNCATED', message: 'truncated JPEG' },
    deletedAt: null,
    names: [],
  });
  const inArchive = await readFile(join(folder, 'out', manifest.files[0].names[0]));
  expect(inArchive.equals(await readFile(resolve(projectRoot, files[0]?.result?.outputPath ?? '')))).toBe(true);
});

test('closes all files when clients abort their archives', async () => {
  const body = form([['a.png', await testImage(1500, 1500).png().toBuffer()]]);
  for (const [name, value] of Object.entries({ width: '2800', format: 'png', grayscale: 'false' }))
    body.append(name, value);
  const { batchId } = (await (
    await fetch(`${api.url}/process-images`, { method: 'POST', body })
  ).json()) as BatchResponse;
  await batchEnd(api.url, batchId);
  if (process.platform !== 'linux') return;
  const openResults = async () => {
    const folder = `/proc/${api.child.pid}/fd`;
    const paths = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
    return paths.filter((path) => path.startsWith(service.processedDir)).length;
  };
  for (let count = 0; count < 5; count += 1) {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.write(`GET /batches/${batchId}/archive HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
  }
  await until(async () => (await openResults()) === 0);
});

test('aborts the archive when the file of a result is missing, and serves other requests', async () => {
  const batchId = await upload(url, ['a.jpg', await jpeg(64, 64)], ['b.jpg', await jpeg(64, 64)]);
  const { files } = await batchEnd(url, batchId);
  await rm(resolve(projectRoot, files[1]?.result?.outputPath ?? ''));
  const archive = async () => (await fetch(`${url}/batches/${batchId}/archive`)).arrayBuffer();
  await expect(archive()).rejects.toThrow();
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

describe('Prefer: wait', () => {
  /** A service without a worker. */
  let own: { redis: TestRedis; url: string };
  beforeAll(async () => {
    const { redis, startApi } = await ownService();
    own = { redis, url: (await startApi()).url };
  });

  test('responds to an upload with the finished batch', async () => {
    const answer = await uploadWith([['a.jpg', await jpeg()]], {}, { Prefer: 'wait=60' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('preference-applied')).toBe('wait=60');
    expect(await answer.json()).toMatchObject({ totalFiles: 1, status: 'completed', files: [{ state: 'completed' }] });
  });

  test('responds after the time limit with the present status', async () => {
    const release = holdWorker();
    const begin = Date.now();
    const response = await uploadWith([['a.jpg', await jpeg()]], {}, { Prefer: 'respond-async, wait=1' });
    expect(Date.now() - begin).toBeGreaterThanOrEqual(1000);
    release();
    expect(response.headers.get('retry-after')).toBe('1');
    const { batchId, status } = (await response.json()) as BatchResponse;
    expect(status).not.toBe('completed');

    for (const path of [`/batches/${batchId}`, `/jobs/${batchId}-0`]) {
      const waited = await fetch(url + path, { headers: { Prefer: 'wait=60' } });
      expect(waited.headers.get('preference-applied')).toBe('wait=60');
      expect(await waited.json()).toMatchObject(
        path.startsWith('/jobs') ? { state: 'completed' } : { status: 'completed' },
      );
    }
    const most = await fetch(`${url}/batches/${batchId}`, { headers: { Prefer: 'wait=9999' } });
    expect(most.headers.get('preference-applied')).toBe('wait=60');
    const nonsense = await fetch(`${url}/batches/${batchId}`, { headers: { Prefer: 'wait=long' } });
    expect(nonsense.headers.get('preference-applied')).toBeNull();
  });

  test('responds after the time limit with the status at that time, not at the start', async () => {
    const batchId = await upload(own.url, ['a.jpg', await jpeg(64, 64)], ['b.jpg', await jpeg(64, 64)]);
    const waiting = fetch(`${own.url}/batches/${batchId}`, { headers: { Prefer: 'wait=5' } });
    await delay(200);
    const waited = waiting.then((response) => response.json() as Promise<BatchResponse>);
    takeJobs(own.redis, async ({ index, originalName }) => {
      if (index === 1) await waited;
      return madeUpResult(originalName);
    });
    expect((await waited).progress).toMatchObject({ completed: 1, active: 1 });
  });

  test('responds when the job ends, not when its batch ends', async () => {
    const batchId = await upload(own.url, ['a.jpg', await jpeg(64, 64)], ['b.jpg', await jpeg(64, 64)]);
    const waiting = fetch(`${own.url}/jobs/${batchId}-0`, { headers: { Prefer: 'wait=60' } });
    let endOther = () => {};
    const otherEnds = new Promise<void>((resolve) => {
      endOther = resolve;
    });
    takeJobs(own.redis, async ({ index, originalName }) => {
      if (index === 1) await otherEnds;
      return madeUpResult(originalName);
    });
    expect(((await (await waiting).json()) as JobResponse).state).toBe('completed');
    expect((await readBatch(own.url, batchId)).status).toBe('processing');
    endOther();
    await until(async () => (await readBatch(own.url, batchId)).progress.completed === 2);
  });
});
