import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import { AsyncImages, AsyncImagesError, type Fetch, type ProcessedImage } from '../../client/src/index.ts';
import { onCleanup, temporaryFolder } from '../support/cleanup.ts';
import { readBatch } from '../support/client.ts';
import { jpeg, truncatedJpeg } from '../support/images.ts';
import { listen } from '../support/listen.ts';
import { freePort } from '../support/ports.ts';
import { until } from '../support/processes.ts';
import { startReceiver } from '../support/receiver.ts';
import { ownService } from '../support/service.ts';

let service: Awaited<ReturnType<typeof ownService>>;
let baseUrl: string;
let images: AsyncImages;
beforeAll(async () => {
  service = await ownService({ IMPORT_HOSTS: '127.0.0.1', NETWORK_ALLOW: '127.0.0.0/8' });
  const [api] = await Promise.all([service.startApi(), service.startWorker()]);
  baseUrl = api.url;
  images = new AsyncImages({ baseUrl });
});

/** Makes images with different contents, so that no upload repeats another one. */
let width = 40;
function newImage(): Promise<Buffer> {
  width += 1;
  return jpeg(width, 30);
}
const newFile = async (name: string) => new File([new Uint8Array(await newImage())], name);
const newFiles = (count: number) => Promise.all(Array.from({ length: count }, (_, index) => newFile(`${index}.jpg`)));

async function all(processed: AsyncIterable<ProcessedImage>): Promise<ProcessedImage[]> {
  const list: ProcessedImage[] = [];
  for await (const image of processed) list.push(image);
  return list.sort((one, other) => one.index - other.index);
}

const batchIdsOf = (list: readonly ProcessedImage[]) => new Set(list.map(({ batchId }) => batchId));

test('processes files in several batches, reports the progress, and downloads the results', async () => {
  const files = [...(await newFiles(6)), new File([new Uint8Array(await truncatedJpeg())], 'broken.jpg')];
  const uploads: { sentBytes: number; knownBytes: number }[] = [];
  const counts: object[] = [];
  const options = { width: 20, format: 'webp', tags: ['library'], metadata: { order: 1 } } as const;
  const processed = await all(
    images.process(files, {
      ...options,
      batchSize: 3,
      onUploadProgress: (progress) => uploads.push(progress),
      onProgress: (progress) => counts.push(progress),
    }),
  );

  expect(processed.map(({ originalName }) => originalName)).toEqual(files.map(({ name }) => name));
  expect(batchIdsOf(processed).size).toBe(3);
  expect(processed[0]).toMatchObject({ source: files[0], state: 'completed', result: { width: 20, format: 'webp' } });
  expect(processed[6]).toMatchObject({ state: 'failed', result: null, failure: { code: 'IMAGE_TRUNCATED' } });
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  expect(uploads.at(-1)).toEqual({ sentBytes: bytes, knownBytes: bytes });
  expect(counts.at(-1)).toEqual({ completed: 6, failed: 1, total: 7 });

  const result = await (await processed[0]?.download())?.arrayBuffer();
  expect(result?.byteLength).toBe(processed[0]?.result?.bytes);
  const original = await images.results.download(processed[0]?.jobId ?? '', { original: true });
  expect(await original.bytes()).toEqual(await new Response(files[0]).bytes());
  const { batches } = await images.batches.list({ tag: 'library', limit: 2 });
  expect(batches).toHaveLength(2);
  expect((await readBatch(baseUrl, batches[0]?.batchId ?? '')).metadata).toEqual({ order: 1 });
});

test('accepts paths, file URLs, bytes, blobs, streams and named inputs', async () => {
  const folder = await temporaryFolder();
  const paths = ['a.jpg', 'b.jpg'].map((name) => join(folder, name));
  for (const path of paths) await writeFile(path, await newImage());
  const processed = await all(
    images.process([
      paths[0] ?? '',
      pathToFileURL(paths[1] ?? ''),
      new Uint8Array(await newImage()),
      (await newFile('c.jpg')).stream(),
      { name: 'd.jpg', data: new Blob([new Uint8Array(await newImage())]) },
      join(folder, 'missing.jpg'),
    ]),
  );
  expect(processed.map(({ originalName, state }) => [originalName, state])).toEqual([
    ['a.jpg', 'completed'],
    ['b.jpg', 'completed'],
    ['image-3', 'completed'],
    ['image-4', 'completed'],
    ['d.jpg', 'completed'],
    [join(folder, 'missing.jpg'), 'failed'],
  ]);
  expect(processed[5]).toMatchObject({ jobId: null, failure: { code: 'INPUT_UNREADABLE' } });
});

test('processes the other files of a batch when the service refuses some', async () => {
  const [first, second] = await newFiles(2);
  const files = [first, new File(['text'], 'notes.jpg'), second, new File([], 'empty.jpg')] as File[];
  const processed = await all(images.process(files));
  expect(processed.map(({ state, failure }) => failure?.code ?? state)).toEqual([
    'completed',
    'UNSUPPORTED_IMAGE_TYPE',
    'completed',
    'EMPTY_FILE',
  ]);
  expect(processed[1]?.failure?.message).toContain('"notes.jpg" is not an image of an accepted type');
});

test('sends smaller batches to a service that accepts fewer or smaller files', async () => {
  const api = await service.startApi({ MAX_FILES: '3', MAX_FILE_BYTES: '20000' });
  const files = [...(await newFiles(7)), new File([new Uint8Array(await jpeg(800, 800))], 'large.jpg')];
  const processed = await all(new AsyncImages({ baseUrl: api.url }).process(files, { onUploadProgress: () => {} }));
  expect(processed.slice(0, 7).map(({ state }) => state)).toEqual(Array(7).fill('completed'));
  expect(processed[7]).toMatchObject({ state: 'failed', failure: { code: 'FILE_TOO_LARGE' } });
  for (const batchId of batchIdsOf(processed.slice(0, 7))) {
    expect((await readBatch(baseUrl, batchId ?? '')).files.length).toBeLessThanOrEqual(3);
  }
});

test('makes no second batch when the API is killed before its response arrives, and restarted', async () => {
  const port = String(await freePort());
  let api = await service.startApi({ PORT: port });
  let kills = 0;
  const redis = new Redis(service.redis.url);
  onCleanup(() => redis.disconnect());
  const killing: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (init?.method !== 'POST' || kills > 0) return response;
    kills += 1;
    // Otherwise the new API would refuse the key until the lease of the killed one expires, after 15 seconds.
    await until(async () => (await redis.keys('*:lease')).length === 0);
    await api.end('SIGKILL');
    api = await service.startApi({ PORT: port });
    throw new TypeError('fetch failed');
  };
  const client = new AsyncImages({ baseUrl: api.url, fetch: killing });
  const processed = await all(client.process(await newFiles(3), { tags: 'killed' }));
  expect(processed.map(({ state }) => state)).toEqual(Array(3).fill('completed'));
  expect(kills).toBe(1);
  expect((await images.batches.list({ tag: 'killed' })).batches).toHaveLength(1);
});

test('repeats an upload without a second batch, and makes a new one when the first was deleted', async () => {
  const files = await newFiles(2);
  const first = await all(images.process(files));
  const second = await all(images.process(files));
  expect(batchIdsOf(second)).toEqual(batchIdsOf(first));
  await images.batches.delete(first[0]?.batchId ?? '');
  const third = await all(images.process(files));
  expect(third.map(({ state }) => state)).toEqual(['completed', 'completed']);
  expect(batchIdsOf(third)).not.toEqual(batchIdsOf(first));
});

test('waits by Server-Sent Events, and polls when they are interrupted', async () => {
  const paths: string[] = [];
  const watching = (isCut: boolean): Fetch => {
    return async (url, init) => {
      const { pathname } = new URL(url);
      if (init?.method === 'GET') paths.push(pathname.replace(/[\da-f-]{36}/, ':id'));
      const response = await fetch(url, init);
      if (!(isCut && pathname.endsWith('/events'))) return response;
      await response.body?.cancel();
      return new Response(new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) }));
    };
  };
  for (const [isCut, expected] of [
    [false, ['/batches/:id/events']],
    [true, ['/batches/:id', '/batches/:id/events']],
  ] as const) {
    paths.length = 0;
    const client = new AsyncImages({ baseUrl, fetch: watching(isCut) });
    expect(await all(client.process(await newFiles(1)))).toMatchObject([{ state: 'completed' }]);
    expect([...new Set(paths)].sort()).toEqual(expected);
  }
});

test('throws typed errors that name the request', async () => {
  const [file] = await newFiles(1);
  const error = await all(images.process([file as File], { width: 0 })).catch((reason) => reason);
  expect(error).toBeInstanceOf(AsyncImagesError);
  expect(error).toMatchObject({ code: 'INVALID_OPTION', status: 400, requestId: expect.stringMatching(/./) });
  expect(error.message).toContain('width must be a whole number from 1 to 4096');

  await expect(images.batches.get(crypto.randomUUID())).rejects.toMatchObject({ code: 'BATCH_NOT_FOUND', status: 404 });
  const unreachable = new AsyncImages({ baseUrl: `http://127.0.0.1:${await freePort()}`, maxAttempts: 2 });
  await expect(unreachable.batches.list()).rejects.toMatchObject({
    code: 'NETWORK_ERROR',
    status: undefined,
    message: expect.stringContaining('ECONNREFUSED'),
  });
  const { url } = await startReceiver();
  await expect(new AsyncImages({ baseUrl: new URL(url).origin }).batches.list()).rejects.toMatchObject({
    code: 'INVALID_RESPONSE',
  });
});

test('retries after Retry-After when the service refuses a request for now', async () => {
  const refusal = { code: 'RATE_LIMITED', detail: 'too many' };
  let calls = 0;
  const client = new AsyncImages({
    baseUrl,
    fetch: async (url, init) => {
      calls += 1;
      if (calls > 2) return fetch(url, init);
      return Response.json(refusal, { status: calls === 1 ? 429 : 503, headers: { 'Retry-After': '0' } });
    },
  });
  expect(await client.batches.list()).toHaveProperty('batches');
  expect(calls).toBe(3);
  const always: Fetch = async () => Response.json(refusal, { status: 429, headers: { 'Retry-After': '0' } });
  const limited = new AsyncImages({ baseUrl, maxAttempts: 2, fetch: always });
  await expect(limited.batches.list()).rejects.toMatchObject({ status: 429, retryAfterSeconds: 0 });
});

test('stops at once when the signal aborts', async () => {
  const controller = new AbortController();
  const reason = new Error('the user left');
  const { signal } = controller;
  const options = { signal, onBatch: () => controller.abort(reason) };
  await expect(all(images.process(await newFiles(1), options))).rejects.toBe(reason);
  await expect(images.batches.list({}, { signal })).rejects.toBe(reason);
});

test('cancels, retries, reprocesses and deletes batches', async () => {
  const broken = new File([new Uint8Array(await truncatedJpeg())], 'broken.jpg');
  const [image] = await all(images.process([...(await newFiles(1)), broken], { tags: 'changes' }));
  const batchId = image?.batchId ?? '';
  await expect(images.batches.cancel(batchId)).rejects.toMatchObject({ code: 'BATCH_FINISHED' });
  const retried = await images.batches.retry(batchId, { files: [1] });
  expect(await images.batches.get(retried.batchId, { waitSeconds: 60 })).toMatchObject({
    sourceBatchId: batchId,
    files: [{ originalName: 'broken.jpg' }],
  });
  const again = await images.batches.reprocess(batchId, { files: [0], width: 10 });
  for await (const status of images.batches.watch(again.batchId)) expect(status.batchId).toBe(again.batchId);
  expect((await images.batches.get(again.batchId)).files[0]?.result?.width).toBe(10);
  await images.batches.delete(batchId);
  await expect(images.batches.get(batchId)).rejects.toMatchObject({ code: 'BATCH_REMOVED', status: 410 });
});

test('deletes single files, and sends an image again whose file was deleted', async () => {
  const files = await newFiles(2);
  const [first, second] = await all(images.process(files));
  await images.batches.deleteFile(first?.jobId ?? '');
  await images.batches.deleteFile(first?.jobId ?? '');
  const { files: statuses } = await images.batches.get(first?.batchId ?? '');
  expect(statuses).toMatchObject([{ state: 'completed', deletedAt: expect.any(String) }, { deletedAt: null }]);
  await expect(images.results.download(first?.jobId ?? '')).rejects.toMatchObject({
    code: 'FILE_DELETED',
    status: 410,
  });

  const again = await all(images.process(files));
  expect(again[0]?.batchId).not.toBe(first?.batchId);
  expect(again[1]?.jobId).toBe(second?.jobId);
  for (const image of again) expect((await image.download()).status).toBe(200);
});

test('processes images that the service downloads from URLs, beside others', async () => {
  const image = await newImage();
  const server = createServer((req, res) => void (req.url === '/a.jpg' ? res.end(image) : res.writeHead(404).end()));
  const port = await listen(server);
  const at = (path: string) => new URL(`http://127.0.0.1:${port}${path}`);
  const inputs = [at('/a.jpg'), await newFile('b.jpg'), { name: 'c.jpg', data: at('/missing') }];
  const processed = await all(images.process(inputs, { width: 10, tags: ['urls'], metadata: { order: 2 } }));
  expect(processed).toMatchObject([
    { originalName: 'a.jpg', state: 'completed', result: { width: 10 } },
    { originalName: 'b.jpg', state: 'completed' },
    { originalName: 'c.jpg', state: 'failed', failure: { code: 'IMPORT_FAILED' } },
  ]);
});

test('sends URLs as JSON, in batches separate from files', async () => {
  const bodies: unknown[] = [];
  const client = new AsyncImages({
    baseUrl,
    maxAttempts: 1,
    fetch: async (_url, init) => {
      bodies.push(JSON.parse(String(init?.body)));
      return Response.json({ code: 'TEST', detail: 'recorded' }, { status: 400 });
    },
  });
  const urls = ['a', 'b'].map((name) => new URL(`https://example.com/${name}.jpg`));
  const options = { width: 10, tags: 'one,two', variants: [{ name: 'thumb', width: 5 }] };
  await expect(all(client.process(urls, options))).rejects.toMatchObject({ code: 'TEST' });
  expect(bodies).toEqual([
    {
      files: ['a', 'b'].map((name) => ({ url: `https://example.com/${name}.jpg`, name: `${name}.jpg` })),
      options: { width: 10 },
      variants: [{ name: 'thumb', width: 5 }],
      tags: ['one', 'two'],
    },
  ]);
});
