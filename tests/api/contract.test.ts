import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { UnrecoverableError } from 'bullmq';
import supertest from 'supertest';
import { v4 as uuid } from 'uuid';
import { createApp } from '../../src/api/app.ts';
import { problem } from '../../src/api/http/problem.ts';
import * as examples from '../../src/api/openapi/examples.ts';
import { optionDescriptions } from '../../src/imaging/options.ts';
import type { QueueClient } from '../../src/queue/queue-client.ts';
import { loadConfig } from '../../src/shared/config.ts';
import { ServiceError } from '../../src/shared/errors.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { signLink } from '../../src/shared/signed-link.ts';
import { confirmedStorage, listeningApp, silent, testQueueClient } from '../support/app.ts';
import { onCleanup } from '../support/cleanup.ts';
import { environment } from '../support/environment.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { madeUpResult, takeJobs } from '../support/take-jobs.ts';

interface Response {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}
interface OpenApi {
  openapi: string;
  info: { version: string };
  components: { schemas: Record<string, { properties?: Record<string, { description: string }> }> };
  paths: Record<string, Record<string, { responses: Record<string, DocumentedResponse> }>>;
}
interface DocumentedResponse {
  headers?: Record<string, { description: string }>;
  content?: Record<string, { schema: object; examples?: Record<string, { value: unknown }> }>;
}

const LINK_SECRET = 's'.repeat(32);

let redis: TestRedis;
let app: Awaited<ReturnType<typeof listeningApp>>;
let document: OpenApi;
let ajv: Ajv2020;

beforeAll(async () => {
  redis = await startRedis();
  app = await listeningApp(redis, { LINK_SECRET });
  document = (await (await fetch(`${app.url}/openapi.json`)).json()) as OpenApi;
  ajv = new Ajv2020({ strict: false });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema({ $id: 'openapi', ...document });
});

/** Checks a schema of the document, whose references are the document's own. */
function expectValid(schema: object, value: unknown) {
  const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'));
  const validate = ajv.compile(rooted);
  const isValid = validate(value);
  expect({ value, errors: validate.errors }).toEqual({ value, errors: null });
  expect(isValid).toBe(true);
}

/** Checks a response against what is documented for its operation. */
function expectDocumented(operation: string, { status, headers, body }: Response) {
  const documented = responsesOf(operation)[status];
  if (!documented) throw new Error(`${operation} ${status} is not documented`);
  if (documented.content) {
    const type = headers['content-type']?.split(';')[0] ?? '';
    const content = documented.content[type] ?? documented.content[type.replace(/\/.*/, '/*')];
    if (!content) throw new Error(`${operation} ${status} is not documented as ${type}`);
    if (/json$/.test(type)) expectValid(content.schema, body);
  }
  for (const [name, { description }] of Object.entries(documented.headers ?? {})) {
    if (!description.includes('only while')) expect(headers).toHaveProperty(name.toLowerCase());
  }
}

/** The documented responses of an operation, such as `GET /presets`, by status. */
function responsesOf(operation: string): Record<string, DocumentedResponse> {
  const [method = '', path = ''] = operation.toLowerCase().split(' ');
  const found = Object.entries(document.paths).find(([name]) => name.toLowerCase() === path);
  return found?.[1][method]?.responses ?? {};
}

const send = () => supertest(app.server);

test('the document is OpenAPI 3.1 and its examples match their schemas', () => {
  expect(document.openapi).toBe('3.1.0');
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      for (const [status, { content }] of Object.entries(responses)) {
        for (const [type, { schema, examples = {} }] of Object.entries(content ?? {})) {
          // Images and archives have no examples.
          if (!/json$|^text/.test(type)) continue;
          const values = Object.values(examples);
          expect(`${method} ${path} ${status}: ${values.length > 0}`).toBe(`${method} ${path} ${status}: true`);
          for (const { value } of values) expectValid(schema, value);
        }
      }
    }
  }
});

test('the document states the version of package.json', async () => {
  const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  expect(document.info.version).toBe(version);
});

test('the document names every option of an upload, with its meaning', () => {
  const { properties = {} } = document.components.schemas.ProcessImagesForm ?? {};
  expect(Object.keys(properties)).toEqual([
    'images',
    ...Object.keys(optionDescriptions),
    'variants',
    'preset',
    'tags',
    'metadata',
    'webhook',
  ]);
  for (const [name, meaning] of Object.entries(optionDescriptions)) expect(properties[name]?.description).toBe(meaning);
});

/** Sends a request and resolves to its response. */
type Case = () => PromiseLike<Response>;
type Service = Awaited<ReturnType<typeof listeningApp>>;

/** Services and batches to which the table sends its requests. */
interface Fixtures {
  image: Buffer;
  /** Id of a batch whose first file is completed and whose second has failed. */
  finished: string;
  completed: string;
  /** A batch with a webhook. */
  called: string;
  waiting: string;
  deleted: string;
  /** A batch whose only file has failed and was deleted. */
  cleared: string;
  queue: QueueClient;
  withKeys: Service;
  /** Its client has used up its requests of this minute. */
  exhausted: Service;
  withoutRedis: Service;
  /** Each of its parts throws. */
  failing: ReturnType<typeof supertest>;
  redirecting: Service;
}

let fixtures: Fixtures;

beforeAll(async () => {
  const image = await jpeg(32, 32);
  const upload = async (...names: string[]) => {
    const request = send().post('/process-images');
    for (const name of names) request.attach('images', image, name);
    return (await request).body.batchId as string;
  };
  const [finished, completed, deleted] = [await upload('a.jpg', 'b.jpg'), await upload('a.jpg'), await upload('a.jpg')];
  const cleared = await upload('a.jpg');
  const called = await supertest((await listeningApp(redis, { WEBHOOK_SECRETS: `whsec_${'A'.repeat(32)}` })).server)
    .post('/process-images')
    .attach('images', image, 'a.jpg')
    .field('webhook', 'https://example.com/webhook');
  const stop = takeJobs(redis, async ({ batchId, index, originalName }) => {
    if (batchId === cleared || (batchId === finished && index === 1)) throw new UnrecoverableError('truncated JPEG');
    return madeUpResult(originalName);
  });
  for (const batchId of [finished, cleared]) {
    await until(async () => (await send().get(`/batches/${batchId}`)).body.status === 'completed-with-errors');
  }
  for (const batchId of [completed, called.body.batchId]) {
    await until(async () => (await send().get(`/batches/${batchId}`)).body.status === 'completed');
  }
  await stop();
  await writeFile(join(app.processedDir, `processed-${finished}-0.jpg`), image);
  await send().delete(`/batches/${deleted}`);
  await send().delete(`/jobs/${cleared}-0`);

  const exhausted = await listeningApp(redis, { RATE_LIMIT_REQUESTS: '1' });
  await supertest(exhausted.server).get('/presets');
  const otherRedis = await startRedis();
  const withoutRedis = await listeningApp(otherRedis);
  await otherRedis.kill();
  // BullMQ closes its connections only while Redis responds.
  onCleanup(async () => {
    await otherRedis.restart();
    await until(async () => (await supertest(withoutRedis.server).get('/readyz')).status === 200);
  });
  await until(async () => (await supertest(withoutRedis.server).get('/readyz')).status === 503);
  // Signing an address needs no server.
  const s3 = { STORAGE_URL: 's3://bucket', STORAGE_REDIRECT: 'true' };
  fixtures = {
    image,
    finished,
    completed,
    called: called.body.batchId,
    queue: await testQueueClient(redis),
    deleted,
    cleared,
    waiting: await upload('a.jpg'),
    withKeys: await listeningApp(redis, { API_KEYS: `someone:${'0'.repeat(64)}` }),
    exhausted,
    withoutRedis,
    failing: supertest(createApp(failingParts())),
    redirecting: await listeningApp(redis, { ...s3, AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }),
  };
});

const secret = 'secret of the inside';

/** Parts of an app of which each throws what must not reach a client. */
function failingParts() {
  const rejects = () => Promise.reject(new TypeError(secret));
  const throws = () => {
    throw new TypeError(secret);
  };
  return {
    queue: {
      ping: async () => {},
      checkBacklog: async () => {},
      readLoad: rejects,
      claimKey: rejects,
      announceBatch: rejects,
      addBatch: rejects,
      isKnown: rejects,
      readBatch: rejects,
      readEvents: rejects,
      readPayloads: rejects,
      readWebhook: rejects,
      redeliverWebhook: rejects,
      listBatches: rejects,
      readFile: rejects,
      cancelBatch: rejects,
      removeBatch: rejects,
      removeFile: rejects,
      sendCommand: rejects,
      close: async () => {},
    },
    watcher: { readBatch: rejects, watch: throws, waitFor: rejects, close: () => {} },
    storage: {
      originals: { receive: rejects, add: rejects, read: rejects, find: throws, remove: rejects, removeFile: rejects },
      results: {
        write: rejects,
        publish: rejects,
        copy: rejects,
        outputPath: throws,
        find: throws,
        read: rejects,
        remove: rejects,
        removeOfBatch: rejects,
      },
      isRemote: false,
      identify: rejects,
      checkFreeSpace: async () => {},
      removeUnfinished: rejects,
    },
    storageCheck: confirmedStorage,
    limits: loadConfig(environment()),
    access: loadConfig(environment()),
    optionRules: { presets: {}, presetsOnly: false, watermarks: [] },
    webhooks: loadConfig(environment()).webhooks,
    links: loadConfig(environment()).links,
    imports: loadConfig(environment()).imports,
    reusesResults: false,
    logger: silent,
  };
}

/** A storage error with the code. */
const storageError = (code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE') =>
  new ServiceError(code, ['could not do it', 10], { retryAfterSeconds: 10 });

/** Responses of every operation that needs a key and counts against the rate limit. */
function limited(method: 'get' | 'post' | 'delete', path: () => string): Record<string, Case> {
  return {
    '401 UNAUTHORIZED': () => supertest(fixtures.withKeys.server)[method](path()),
    '429 RATE_LIMITED': async () => {
      // On a slow machine the minute of the limit may be over.
      await supertest(fixtures.exhausted.server).get('/presets');
      return supertest(fixtures.exhausted.server)[method](path());
    },
  };
}

/** The same for one that also needs Redis. */
function guarded(method: 'get' | 'post' | 'delete', path: () => string): Record<string, Case> {
  return {
    ...limited(method, path),
    '500 INTERNAL_ERROR': () => fixtures.failing[method](path()),
    '503 QUEUE_UNAVAILABLE': () => supertest(fixtures.withoutRedis.server)[method](path()),
  };
}

const unknownId = uuid();
const post = () => send().post('/process-images');
const postImage = () => post().attach('images', fixtures.image, 'a.jpg');
const postTo = async (settings: Record<string, string>) =>
  supertest((await listeningApp(redis, settings)).server)
    .post('/process-images')
    .attach('images', fixtures.image, 'a.jpg');
const postLink = (jobId: string, body = {}) =>
  send()
    .post(`/jobs/${jobId}/links`)
    .send({ expiresInSeconds: 60, ...body });
const postRaw = (body: string) => post().type('multipart/form-data; boundary=x').send(body);

/** Sends JSON to a service that imports files. */
const postJson = async (body: string) =>
  supertest((await listeningApp(redis, { IMPORT_HOSTS: '*' })).server)
    .post('/process-images')
    .type('json')
    .send(body);

/** Requests the original of a file that was not imported. */
async function getNotImported({ isCancelled }: { isCancelled: boolean }): Promise<Response> {
  const service = supertest((await listeningApp(redis, { IMPORT_HOSTS: '*' })).server);
  const files = [{ url: 'https://example.com/photo.jpg' }];
  const { batchId } = (await service.post('/process-images').send({ files })).body;
  if (isCancelled) await service.post(`/batches/${batchId}/cancel`);
  return service.get(`/jobs/${batchId}-0/original`);
}

/** Sends an upload to a service whose storage fails. */
const postWithoutStorage = (code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE') => {
  const parts = failingParts();
  const originals = { ...parts.storage.originals, receive: () => Promise.reject(storageError(code)) };
  const service = createApp({ ...parts, storage: { ...parts.storage, originals } });
  return supertest(service).post('/process-images').attach('images', fixtures.image, 'a.jpg');
};

/** Sends the headers of an upload and no body. */
async function postHeaders(contentLength: number, settings: Record<string, string> = {}): Promise<Response> {
  const { url } = await listeningApp(redis, settings);
  const headers = { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': contentLength };
  const sending = request(`${url}/process-images`, { method: 'POST', headers });
  sending.on('error', () => {});
  sending.flushHeaders();
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers as Record<string, string>,
    body: JSON.parse(await text(response)),
  };
}

/** Cancels a batch whose file is held by a worker that ignores cancellations. */
async function cancelRunning(): Promise<Response> {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const own = await startRedis();
  const service = supertest((await listeningApp(own)).server);
  const { batchId } = (await service.post('/process-images').attach('images', fixtures.image, 'a.jpg')).body;
  takeJobs(own, () => held);
  await until(async () => (await service.get(`/batches/${batchId}`)).body.status === 'processing');
  const response = await service.post(`/batches/${batchId}/cancel`);
  release();
  return response;
}

/** Responses of an operation with the parameter `links`. */
function writesLinks(method: 'get' | 'post', path: () => string): Record<string, Case> {
  const sendTo = ({ server }: Service, links: string) =>
    supertest(server)[method](path()).query({ links }).type('multipart/form-data; boundary=x');
  return {
    '400 INVALID_PARAMETER': () => sendTo(app, 'unsigned'),
    '403 LINKS_DISABLED': () => sendTo(fixtures.redirecting, 'signed'),
  };
}

/** Responses of an operation that makes a batch from another one. */
function copies(name: 'retry' | 'reprocess'): Record<string, Case> {
  const path = () => `/batches/${fixtures.finished}/${name}`;
  const post = () => send().post(path());
  const postAs = (key: string) => post().set('Idempotency-Key', key);
  const withStorage = (originals: object) => {
    const parts = workingParts();
    return supertest(
      createApp({ ...parts, storage: { ...parts.storage, originals: { ...parts.storage.originals, ...originals } } }),
    ).post(path());
  };
  const failing = (code: 'STORAGE_FULL' | 'STORAGE_UNAVAILABLE') => () =>
    withStorage({ receive: () => Promise.reject(storageError(code)) });
  const postTo = async (settings: Record<string, string>) =>
    supertest((await listeningApp(redis, settings)).server).post(path());
  return {
    ...guarded('post', path),
    ...writesLinks('post', path),
    '202 ': post,
    '400 BAD_REQUEST': () => post().type('application/json').send('{'),
    '400 INVALID_IDEMPOTENCY_KEY': () => postAs('a b'),
    '404 BATCH_NOT_FOUND': () => send().post(`/batches/${unknownId}/${name}`),
    '409 BATCH_NOT_FINISHED': () => send().post(`/batches/${fixtures.waiting}/${name}`),
    '409 IDEMPOTENCY_KEY_IN_USE': async () => {
      const responses = await Promise.all(Array.from({ length: 5 }, () => postAs(`at-once-${name}`)));
      return responses.find(({ status }) => status === 409) as Response;
    },
    '410 BATCH_REMOVED': () => send().post(`/batches/${fixtures.deleted}/${name}`),
    '410 FILE_DELETED': () => send().post(`/batches/${fixtures.cleared}/${name}`),
    '410 FILE_GONE': () =>
      withStorage({
        receive: async () => ({
          copy: () => Promise.reject(new ServiceError('FILE_GONE', ['original'])),
          discard: async () => {},
        }),
      }),
    '413 BODY_TOO_LARGE': () => post().send({ tags: ['x'.repeat(70_000)] }),
    '415 CONTENT_ENCODING_UNSUPPORTED': () => post().set('Content-Encoding', 'gzip').send({}),
    '415 BODY_TYPE_UNSUPPORTED': () => post().type('text/plain').send('width=300'),
    '422 IDEMPOTENCY_KEY_REUSED': async () => {
      await postAs(`reused-${name}`);
      return postAs(`reused-${name}`).send({ tags: ['other'] });
    },
    '503 BACKLOG_FULL': () => postTo({ MAX_BACKLOG: '1' }),
    '503 DISK_LOW': () => postTo({ MIN_FREE_DISK: String(2 ** 49) }),
    '503 STORAGE_UNAVAILABLE': failing('STORAGE_UNAVAILABLE'),
    '507 STORAGE_FULL': failing('STORAGE_FULL'),
  };
}

/** Parts of an app that can read the batches, and whose storage fails. */
function workingParts() {
  const parts = failingParts();
  const { readBatch, readPayloads } = fixtures.queue;
  return { ...parts, queue: { ...parts.queue, readBatch, readPayloads } };
}

/** Responses of an operation that sends a file, `result` or `original`. */
function sendsFile(part: 'result' | 'original'): Record<string, Case> {
  const path = () => `/jobs/${fixtures.finished}-0/${part}`;
  const get = () => send().get(path());
  const file = () =>
    part === 'result'
      ? join(app.processedDir, `processed-${fixtures.finished}-0.jpg`)
      : join(app.uploadDir, fixtures.finished, '0');
  /** Sends the request while the file is replaced by what `prepare` makes. */
  const without = async (prepare: () => Promise<unknown>) => {
    await rename(file(), `${file()}.aside`);
    await prepare();
    const response = await get();
    await rm(file(), { recursive: true, force: true });
    await rename(`${file()}.aside`, file());
    return response;
  };
  return {
    ...guarded('get', path),
    '200 ': get,
    '206 ': () => get().set('Range', 'bytes=0-9'),
    '302 ': () => supertest(fixtures.redirecting.server).get(path()),
    '304 ': async () => get().set('If-None-Match', (await get()).headers.etag ?? ''),
    '400 INVALID_PARAMETER': () => get().query({ unknown: '1' }),
    '403 LINK_INVALID': () => get().query({ expires: '1' }),
    '403 LINK_EXPIRED': () => send().get(signLink(path(), 1, LINK_SECRET)),
    '404 JOB_NOT_FOUND': () => send().get(`/jobs/${unknownId}-0/${part}`),
    '410 BATCH_REMOVED': () => send().get(`/jobs/${fixtures.deleted}-0/${part}`),
    '410 FILE_DELETED': () => send().get(`/jobs/${fixtures.cleared}-0/${part}`),
    '410 FILE_GONE': () => without(async () => {}),
    '412 PRECONDITION_FAILED': () => get().set('If-Match', '"another"'),
    '416 RANGE_NOT_SATISFIABLE': () => get().set('Range', 'bytes=99999999-'),
    // A folder in place of the file makes every read fail.
    '503 STORAGE_UNAVAILABLE': () => without(() => mkdir(file())),
  };
}

/** For each operation and each documented status and code a request that gets such a response. */
const table: Record<string, Record<string, Case>> = {
  'POST /process-images': {
    ...limited('post', () => '/process-images'),
    ...writesLinks('post', () => '/process-images'),
    '202 ': postImage,
    '400 EMPTY_FILE': () => post().attach('images', Buffer.alloc(0), 'a.jpg'),
    '400 FILE_REQUIRED': () => postRaw('--x--\r\n'),
    '400 INVALID_IDEMPOTENCY_KEY': () => postImage().set('Idempotency-Key', 'a b'),
    '400 INVALID_OPTION': () => postImage().field('width', '0'),
    '400 INVALID_PARAMETER': () => postImage().query({ widht: 300 }),
    '400 MALFORMED_MULTIPART': () => postRaw('nothing'),
    '400 TOO_MANY_FILES': () =>
      Array.from({ length: 11 }).reduce<ReturnType<typeof post>>(
        (sending) => sending.attach('images', fixtures.image, 'a.jpg'),
        post(),
      ),
    '400 UNEXPECTED_FIELD': () => post().attach('photo', fixtures.image, 'a.jpg'),
    '408 REQUEST_TIMEOUT': () => postHeaders(1000, { REQUEST_TIMEOUT_SECONDS: '1' }),
    '409 IDEMPOTENCY_KEY_IN_USE': async () => {
      const responses = await Promise.all(
        Array.from({ length: 5 }, () => postImage().set('Idempotency-Key', 'at-once')),
      );
      return responses.find(({ status }) => status === 409) as Response;
    },
    '413 FILE_TOO_LARGE': () => post().attach('images', Buffer.alloc(5_242_881), 'a.jpg'),
    '413 REQUEST_TOO_LARGE': () => postHeaders(53_000_000),
    '415 CONTENT_ENCODING_UNSUPPORTED': () => postImage().set('Content-Encoding', 'gzip'),
    '415 MULTIPART_REQUIRED': () => post().type('text/plain').send('x'),
    '403 IMPORTS_DISABLED': () => post().send({ files: [] }),
    '400 BAD_REQUEST': () => postJson('{'),
    '413 BODY_TOO_LARGE': () => postJson(JSON.stringify({ files: 'x'.repeat(200_000) })),
    '415 UNSUPPORTED_IMAGE_TYPE': () => post().attach('images', Buffer.from('x'), 'a.jpg'),
    '422 IDEMPOTENCY_KEY_REUSED': async () => {
      await postImage().set('Idempotency-Key', 'reused');
      return post().set('Idempotency-Key', 'reused').attach('images', fixtures.image, 'another.jpg');
    },
    '500 INTERNAL_ERROR': () => fixtures.failing.post('/process-images').attach('images', fixtures.image, 'a.jpg'),
    '503 BACKLOG_FULL': () => postTo({ MAX_BACKLOG: '1' }),
    '503 DISK_LOW': () => postTo({ MIN_FREE_DISK: String(2 ** 49) }),
    '503 QUEUE_UNAVAILABLE': () =>
      supertest(fixtures.withoutRedis.server).post('/process-images').attach('images', fixtures.image, 'a.jpg'),
    '503 STORAGE_UNAVAILABLE': () => postWithoutStorage('STORAGE_UNAVAILABLE'),
    '507 STORAGE_FULL': () => postWithoutStorage('STORAGE_FULL'),
  },
  'GET /batches': {
    ...guarded('get', () => '/batches'),
    '200 ': () => send().get('/batches?limit=1'),
    '400 INVALID_PARAMETER': () => send().get('/batches?status=done'),
  },
  'GET /batches/{batchId}': {
    ...guarded('get', () => `/batches/${fixtures.finished}`),
    ...writesLinks('get', () => `/batches/${fixtures.finished}`),
    '200 ': () => send().get(`/batches/${fixtures.finished}`),
    '404 BATCH_NOT_FOUND': () => send().get(`/batches/${unknownId}`),
    '410 BATCH_REMOVED': () => send().get(`/batches/${fixtures.deleted}`),
  },
  'DELETE /batches/{batchId}': {
    ...guarded('delete', () => `/batches/${fixtures.finished}`),
    '204 ': async () => send().delete(`/batches/${(await postImage()).body.batchId}`),
    '404 BATCH_NOT_FOUND': () => send().delete(`/batches/${unknownId}`),
    '410 BATCH_REMOVED': () => send().delete(`/batches/${fixtures.deleted}`),
    '503 STORAGE_UNAVAILABLE': () => {
      const parts = failingParts();
      const value = {
        ...examples.batches.completed,
        createdAt: new Date(),
        finishedAt: null,
        cancelledAt: null,
        metadata: '',
        webhook: undefined,
        signsLinks: false,
        sourceBatchId: undefined,
        files: [],
      };
      const readBatch = async () => ({ owner: undefined, value });
      const removeBatch = () => Promise.reject(storageError('STORAGE_UNAVAILABLE'));
      const service = createApp({ ...parts, queue: { ...parts.queue, readBatch, removeBatch } });
      return supertest(service).delete(`/batches/${fixtures.finished}`);
    },
  },
  'POST /batches/{batchId}/cancel': {
    ...guarded('post', () => `/batches/${fixtures.finished}/cancel`),
    '200 ': async () => send().post(`/batches/${(await postImage()).body.batchId}/cancel`),
    '202 ': cancelRunning,
    '404 BATCH_NOT_FOUND': () => send().post(`/batches/${unknownId}/cancel`),
    '409 BATCH_FINISHED': () => send().post(`/batches/${fixtures.finished}/cancel`),
    '410 BATCH_REMOVED': () => send().post(`/batches/${fixtures.deleted}/cancel`),
  },
  'POST /batches/{batchId}/retry': {
    ...copies('retry'),
    '400 INVALID_OPTION': () => send().post(`/batches/${fixtures.finished}/retry`).send({ width: 300 }),
    '409 NOTHING_FAILED': () => send().post(`/batches/${fixtures.completed}/retry`),
  },
  'POST /batches/{batchId}/reprocess': {
    ...copies('reprocess'),
    '400 INVALID_OPTION': () => send().post(`/batches/${fixtures.finished}/reprocess`).send({ width: 0 }),
  },
  'GET /batches/{batchId}/webhooks': {
    ...guarded('get', () => `/batches/${fixtures.called}/webhooks`),
    '200 ': () => send().get(`/batches/${fixtures.called}/webhooks`),
    '404 BATCH_NOT_FOUND': () => send().get(`/batches/${unknownId}/webhooks`),
    '404 WEBHOOK_NOT_FOUND': () => send().get(`/batches/${fixtures.finished}/webhooks`),
    '410 BATCH_REMOVED': () => send().get(`/batches/${fixtures.deleted}/webhooks`),
  },
  'POST /batches/{batchId}/webhooks/redeliver': {
    ...guarded('post', () => `/batches/${fixtures.called}/webhooks/redeliver`),
    '202 ': () => send().post(`/batches/${fixtures.called}/webhooks/redeliver`),
    '404 BATCH_NOT_FOUND': () => send().post(`/batches/${unknownId}/webhooks/redeliver`),
    '404 WEBHOOK_NOT_FOUND': () => send().post(`/batches/${fixtures.finished}/webhooks/redeliver`),
    '409 BATCH_NOT_FINISHED': () => send().post(`/batches/${fixtures.waiting}/webhooks/redeliver`),
    '410 BATCH_REMOVED': () => send().post(`/batches/${fixtures.deleted}/webhooks/redeliver`),
  },
  'GET /batches/{batchId}/events': {
    ...guarded('get', () => `/batches/${fixtures.finished}/events`),
    ...writesLinks('get', () => `/batches/${fixtures.finished}/events`),
    '200 ': () => send().get(`/batches/${fixtures.finished}/events`),
    '404 BATCH_NOT_FOUND': () => send().get(`/batches/${unknownId}/events`),
    '410 BATCH_REMOVED': () => send().get(`/batches/${fixtures.deleted}/events`),
    '429 TOO_MANY_STREAMS': async () => {
      const { url } = await listeningApp(redis, { MAX_HELD_REQUESTS: '1' });
      const held = await fetch(`${url}/batches/${fixtures.waiting}/events`);
      const response = await supertest(url).get(`/batches/${fixtures.waiting}/events`);
      await held.body?.cancel();
      return response;
    },
  },
  'GET /batches/{batchId}/archive': {
    ...guarded('get', () => `/batches/${fixtures.finished}/archive`),
    '200 ': () => send().get(`/batches/${fixtures.finished}/archive`),
    '404 BATCH_NOT_FOUND': () => send().get(`/batches/${unknownId}/archive`),
    '409 BATCH_NOT_FINISHED': () => send().get(`/batches/${fixtures.waiting}/archive`),
    '410 BATCH_REMOVED': () => send().get(`/batches/${fixtures.deleted}/archive`),
  },
  'GET /jobs/{jobId}': {
    ...guarded('get', () => `/jobs/${fixtures.finished}-0`),
    ...writesLinks('get', () => `/jobs/${fixtures.finished}-0`),
    '200 ': () => send().get(`/jobs/${fixtures.finished}-0`),
    '404 JOB_NOT_FOUND': () => send().get(`/jobs/${unknownId}-0`),
    '410 BATCH_REMOVED': () => send().get(`/jobs/${fixtures.deleted}-0`),
  },
  'DELETE /jobs/{jobId}': {
    ...guarded('delete', () => `/jobs/${fixtures.cleared}-0`),
    '204 ': () => send().delete(`/jobs/${fixtures.cleared}-0`),
    '404 JOB_NOT_FOUND': () => send().delete(`/jobs/${unknownId}-0`),
    '409 JOB_NOT_FINISHED': () => send().delete(`/jobs/${fixtures.waiting}-0`),
    '410 BATCH_REMOVED': () => send().delete(`/jobs/${fixtures.deleted}-0`),
    // A folder in place of the file cannot be deleted.
    '503 STORAGE_UNAVAILABLE': async () => {
      await mkdir(join(app.processedDir, `processed-${fixtures.completed}-0.jpg`));
      return send().delete(`/jobs/${fixtures.completed}-0`);
    },
  },
  'GET /jobs/{jobId}/result': {
    ...sendsFile('result'),
    '404 VARIANT_NOT_FOUND': () => send().get(`/jobs/${fixtures.finished}-0/result?variant=x`),
    '409 JOB_FAILED': () => send().get(`/jobs/${fixtures.finished}-1/result`),
    '409 JOB_NOT_FINISHED': () => send().get(`/jobs/${fixtures.waiting}-0/result`),
  },
  'GET /jobs/{jobId}/original': {
    ...sendsFile('original'),
    '409 JOB_FAILED': () => getNotImported({ isCancelled: true }),
    '409 JOB_NOT_FINISHED': () => getNotImported({ isCancelled: false }),
  },
  'POST /jobs/{jobId}/links': {
    ...guarded('post', () => `/jobs/${fixtures.finished}-0/links`),
    '200 ': () => postLink(`${fixtures.finished}-0`),
    '400 BAD_REQUEST': () => send().post(`/jobs/${fixtures.finished}-0/links`).type('application/json').send('{'),
    '400 INVALID_OPTION': () => postLink(`${fixtures.finished}-0`, { expiresInSeconds: 59 }),
    '403 LINKS_DISABLED': () => supertest(fixtures.redirecting.server).post(`/jobs/${fixtures.finished}-0/links`),
    '404 JOB_NOT_FOUND': () => postLink(`${unknownId}-0`),
    '404 VARIANT_NOT_FOUND': () => postLink(`${fixtures.finished}-0`, { variant: 'x' }),
    '409 JOB_FAILED': () => postLink(`${fixtures.finished}-1`),
    '409 JOB_NOT_FINISHED': () => postLink(`${fixtures.waiting}-0`),
    '410 BATCH_REMOVED': () => postLink(`${fixtures.deleted}-0`),
    '410 FILE_DELETED': () => postLink(`${fixtures.cleared}-0`),
    '413 BODY_TOO_LARGE': () => postLink(`${fixtures.finished}-0`, { variant: 'x'.repeat(70_000) }),
    '415 BODY_TYPE_UNSUPPORTED': () => send().post(`/jobs/${fixtures.finished}-0/links`).type('text/plain').send('x'),
    '415 CONTENT_ENCODING_UNSUPPORTED': () => postLink(`${fixtures.finished}-0`).set('Content-Encoding', 'gzip'),
  },
  'GET /presets': { ...limited('get', () => '/presets'), '200 ': () => send().get('/presets') },
  'GET /status': { ...guarded('get', () => '/status'), '200 ': () => send().get('/status') },
  'GET /metrics': { ...limited('get', () => '/metrics'), '200 ': () => send().get('/metrics') },
  'GET /healthz': {
    '200 ': () => send().get('/healthz'),
    '400 BAD_REQUEST': () => send().get('/healthz').set('Host', 'a/b'),
  },
  'GET /readyz': {
    '400 BAD_REQUEST': () => send().get('/readyz').set('Host', 'a/b'),
    '200 ': () => send().get('/readyz'),
    '503 QUEUE_UNAVAILABLE': () => supertest(fixtures.withoutRedis.server).get('/readyz'),
    '503 STORAGE_UNAVAILABLE': () => {
      const require = () => {
        throw storageError('STORAGE_UNAVAILABLE');
      };
      return supertest(createApp({ ...failingParts(), storageCheck: { require } })).get('/readyz');
    },
  },
};

test('the table has every operation of the document', () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(Object.keys(table).toSorted()).toEqual(operations.toSorted());
});

test.each(Object.entries(table))('%s gives every documented response, and as documented', async (operation, cases) => {
  const documented = Object.entries(responsesOf(operation)).flatMap(([status, { content }]) =>
    Object.keys(content?.['application/problem+json']?.examples ?? { '': '' }).map((code) => `${status} ${code}`),
  );
  expect(Object.keys(cases).toSorted()).toEqual(documented.toSorted());
  for (const [expected, run] of Object.entries(cases)) {
    const response = await run();
    const { code = '', ...members } = (response.body ?? {}) as { code?: string; detail?: string };
    expect(`${response.status} ${code}`).toBe(expected);
    expectDocumented(operation, response);
    if (code === 'BATCH_REMOVED') expect(members).toMatchObject({ removedAt: expect.any(String) });
    if (code === 'FILE_DELETED' && operation.includes('/jobs')) {
      expect(members).toMatchObject({ deletedAt: expect.any(String) });
    }
    if (code !== 'INTERNAL_ERROR') continue;
    // An internal error names the request and reveals nothing else.
    expect(JSON.stringify(members)).not.toContain(secret);
    expect(members.detail).toContain(response.headers['x-request-id']);
  }
});

test.each(['x', 'unknown', '%2e%2e'])('responds with a documented 404 for every path with the id %s', async (id) => {
  const operations = Object.keys(table).filter((operation) => /^GET .*Id\}/.test(operation));
  expect(operations.length).toBeGreaterThan(5);
  for (const operation of operations) {
    const response = await send().get(operation.replace('GET ', '').replace(/\{.*\}/, id));
    expect({ operation, status: response.status }).toEqual({ operation, status: 404 });
    expectDocumented(operation, response);
  }
});

test.each([
  ['get', '/nowhere', 404, undefined],
  ['post', '/batches', 405, 'GET, HEAD'],
  ['get', '/process-images', 405, 'POST'],
  ['post', '/batches/x', 405, 'GET, HEAD, DELETE'],
  ['post', '/jobs/x', 405, 'GET, HEAD, DELETE'],
  ['put', '/healthz', 405, 'GET, HEAD'],
  ['put', '/docs', 405, 'GET, HEAD'],
  ['get', '/batches/%E0%A4%A', 400, undefined],
] as const)('%s %s responds with a problem of status %i', async (method, path, status, allow) => {
  const response = await send()[method](path);
  expect(response.status).toBe(status);
  expect(response.headers.allow).toBe(allow);
  expect(problem.parse(response.body).status).toBe(status);
});

test('OPTIONS names the methods of a route', async () => {
  const { status, headers } = await send().options('/process-images');
  expect([status, headers.allow]).toEqual([204, 'POST']);
});

test('Prefer: wait returns the finished batch with the upload, and is named in the response', async () => {
  const stop = takeJobs(redis, async ({ originalName }) => madeUpResult(originalName));
  const finished = await postImage().set('Prefer', 'wait=20');
  await stop();
  expectDocumented('POST /process-images', finished);
  expect(finished.body).toMatchObject({ totalFiles: 1, status: 'completed', files: [{ state: 'completed' }] });
  expect(finished.headers['retry-after']).toBeUndefined();
  const waited = await send().get(`/jobs/${fixtures.finished}-0`).set('Prefer', 'wait=0');
  expectDocumented('GET /jobs/{jobId}', waited);
  expect(waited.headers['preference-applied']).toBe('wait=0');
});

test('repeats the first response to an upload that is sent again with its key', async () => {
  const first = await postImage().set('Idempotency-Key', '"repeated"');
  const second = await postImage().set('Idempotency-Key', '"repeated"');
  expectDocumented('POST /process-images', second);
  expect([second.body, second.headers['idempotent-replayed']]).toEqual([first.body, 'true']);
});

test('stores nothing while Redis is away, and stays alive', async () => {
  const service = supertest(fixtures.withoutRedis.server);
  expect((await service.post('/process-images').attach('images', fixtures.image, 'a.jpg')).status).toBe(503);
  expect(await readdir(fixtures.withoutRedis.uploadDir)).toEqual([]);
  expect((await service.get('/healthz')).status).toBe(200);
});

test('Swagger UI loads its document from the service', async () => {
  const page = await send().get('/docs/');
  expect(page.status).toBe(200);
  expect(page.text).toContain('swagger-ui');
  expect((await send().get('/docs/swagger-ui-init.js')).text).toContain('/openapi.json');
  expect((await send().get('/docs')).status).toBeLessThan(400);
});
