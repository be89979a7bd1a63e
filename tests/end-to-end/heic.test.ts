import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { copyOfProject } from '../support/checkout.ts';
import { batchEnd, form, upload } from '../support/client.ts';
import { environment } from '../support/environment.ts';
import { codedImage, heicFile, makeHeic } from '../support/heic.ts';
import type { TestProcess } from '../support/processes.ts';
import { ownService } from '../support/service.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let api: TestProcess & { url: string };

beforeAll(async () => {
  service = await ownService({ ACCEPTED_FORMATS: 'jpeg,heic', WORKER_CONCURRENCY: '1' });
  api = await service.startApi();
});

test('processes a HEIC, and serves the original as such', async () => {
  const worker = await service.startWorker();
  const body = form([['photo.heic', heicFile('halves')]]);
  body.append('format', 'original');
  const response = await fetch(`${api.url}/process-images`, { method: 'POST', body });
  const { batchId } = (await response.json()) as { batchId: string };
  const { files } = await batchEnd(api.url, batchId);
  expect(files[0]).toMatchObject({ state: 'completed', result: { format: 'jpeg', width: 512, height: 384 } });

  const result = await fetch(`${api.url}${files[0]?.resultUrl}`);
  expect(result.headers.get('content-type')).toBe('image/jpeg');
  expect(await sharp(await result.arrayBuffer()).metadata()).toMatchObject({ format: 'jpeg', width: 512 });
  const original = await fetch(`${api.url}/jobs/${batchId}-0/original`);
  expect(original.headers.get('content-type')).toBe('image/heic');
  expect(Buffer.from(await original.arrayBuffer()).equals(heicFile('halves'))).toBe(true);
  expect(await worker.end()).toBe(0);
});

test.each([
  ['TIMEOUT', { JOB_TIMEOUT_SECONDS: '1', JOB_MEMORY_MB: '8192' }],
  ['OUT_OF_MEMORY', { JOB_TIMEOUT_SECONDS: '3600', JOB_MEMORY_MB: '256' }],
])('ends a decode with %s', async (code, limits) => {
  const worker = await service.startWorker({ MAX_MEGAPIXELS: '1000', ...limits });
  const image = codedImage('flat');
  // 324 megapixels took half a minute and 4 GB.
  const grid = { columns: 15, rows: 15, width: 15 * image.width, height: 15 * image.height };
  const batchId = await upload(api.url, ['large.heic', makeHeic({ image, grid })]);
  const { files } = await batchEnd(api.url, batchId);
  expect(files[0]).toMatchObject({ state: 'failed', failure: { code } });
  await worker.end();
});

test('a worker does not start without the decoder, and says what to install', async () => {
  const folder = await copyOfProject();
  const packages = join(folder, 'node_modules');
  await rm(packages);
  await mkdir(packages);
  for (const name of await readdir(join(projectRoot, 'node_modules'))) {
    if (name !== 'libheif-js') await symlink(join(projectRoot, 'node_modules', name), join(packages, name));
  }
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'dist', 'worker', 'main.js')], {
    env: { ...process.env, ...environment({ ACCEPTED_FORMATS: 'jpeg,heic' }) },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('`npm install libheif-js`') });
});
