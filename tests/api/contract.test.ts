import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
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
import { optionFields } from '../../src/api/upload/form-options.ts';
import { optionDescriptions } from '../../src/imaging/options.ts';
import { loadConfig } from '../../src/shared/config.ts';
import { type ProblemCode, ServiceError } from '../../src/shared/errors.ts';
import { projectRoot } from '../../src/shared/setting-types.ts';
import { confirmedStorage, listeningApp, silent } from '../support/app.ts';
import { environment } from '../support/environment.ts';
import { jpeg } from '../support/images.ts';
import { until } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { madeUpResult, takeJobs } from '../support/take-jobs.ts';

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}
interface OpenApi {
  openapi: string;
  info: { version: string };
  components: { schemas: Record<string, object> };
  paths: Record<string, Record<string, { responses: Record<string, DocumentedAnswer> }>>;
}
interface DocumentedAnswer {
  headers?: Record<string, { description: string }>;
  content?: Record<string, { schema: object; examples?: Record<string, { value: unknown }> }>;
}

let redis: TestRedis;
let app: Awaited<ReturnType<typeof listeningApp>>;
let document: OpenApi;
let ajv: Ajv2020;
const seen = new Set<string>();

beforeAll(async () => {
  redis = await startRedis();
  app = await listeningApp(redis);
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

/** Checks a real answer against what is documented for the route. */
function expectDocumented(method: string, path: string, { status, headers, body }: Answer) {
  const answer = document.paths[path]?.[method]?.responses[status];
  if (!answer) throw new Error(`${method} ${path} ${status} is not documented`);
  if (answer.content) {
    const type = headers['content-type']?.split(';')[0] ?? '';
    const content = answer.content[type] ?? answer.content[type.replace(/\/.*/, '/*')];
    if (!content) throw new Error(`${method} ${path} ${status} is not documented as ${type}`);
    if (/json$/.test(type)) expectValid(content.schema, body);
  }
  for (const [name, { description }] of Object.entries(answer.headers ?? {})) {
    if (!description.includes('only while')) expect(headers).toHaveProperty(name.toLowerCase());
  }
  // An error counts by its code: several can share a status.
  const { code = '' } = (body ?? {}) as { code?: string };
  seen.add(`${method} ${path} ${status} ${code}`);
}

const send = () => supertest(app.server);

test('the document is OpenAPI 3.1, and every answer in it has examples that its schema allows', () => {
  expect(document.openapi).toBe('3.1.0');
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      for (const [status, { content }] of Object.entries(responses)) {
        for (const [type, { schema, examples = {} }] of Object.entries(content ?? {})) {
          // Pictures and archives have none.
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
  const { post } = document.paths['/process-images'] as unknown as {
    post: {
      requestBody: { content: Record<string, { schema: { properties: Record<string, { description: string }> } }> };
    };
  };
  const properties = post.requestBody.content['multipart/form-data']?.schema.properties ?? {};
  expect(Object.keys(properties)).toEqual(['images', ...optionFields]);
  for (const [name, meaning] of Object.entries(optionDescriptions)) expect(properties[name]?.description).toBe(meaning);
});

describe('every documented answer is really given as documented', () => {
  const small = jpeg(32, 32);
  let batchId: string;

  test('to uploads', async () => {
    const picture = await small;
    const accepted = await send()
      .post('/process-images')
      .attach('images', picture, 'a.jpg')
      .attach('images', picture, 'b.jpg');
    expectDocumented('post', '/process-images', accepted);
    batchId = accepted.body.batchId;
    const upload = () => send().post('/process-images');
    const eleven = upload();
    for (let count = 0; count < 11; count += 1) eleven.attach('images', picture, 'a.jpg');
    const refused: [ProblemCode, PromiseLike<Answer>][] = [
      ['EMPTY_FILE', upload().attach('images', Buffer.alloc(0), 'a.jpg')],
      ['FILE_TOO_LARGE', upload().attach('images', Buffer.alloc(5_242_881), 'a.jpg')],
      ['UNSUPPORTED_IMAGE_TYPE', upload().attach('images', Buffer.from('x'), 'a.jpg')],
      ['UNEXPECTED_FIELD', upload().attach('photo', picture, 'a.jpg')],
      ['INVALID_OPTION', upload().attach('images', picture, 'a.jpg').field('width', '0')],
      ['TOO_MANY_FILES', eleven],
      ['MULTIPART_REQUIRED', upload().send({})],
      ['CONTENT_ENCODING_UNSUPPORTED', upload().set('Content-Encoding', 'gzip').attach('images', picture, 'a.jpg')],
      ['FILE_REQUIRED', upload().type('multipart/form-data; boundary=x').send('--x--\r\n')],
      ['MALFORMED_MULTIPART', upload().type('multipart/form-data; boundary=x').send('nothing')],
      ['REQUEST_TOO_LARGE', upload().type('multipart/form-data; boundary=x').send('x'.repeat(53_000_000))],
    ];
    for (const [code, answer] of refused) {
      const { status, headers, body } = await answer;
      expectDocumented('post', '/process-images', { status, headers, body });
      expect((body as { code: string }).code).toBe(code);
    }
  });

  test('to questions', async () => {
    expectDocumented('get', '/batches/{batchId}', await send().get(`/batches/${batchId}`));
    expectDocumented('get', '/jobs/{jobId}', await send().get(`/jobs/${batchId}-0`));
    expectDocumented('get', '/batches/{batchId}/archive', await send().get(`/batches/${batchId}/archive`));
    expectDocumented('get', '/jobs/{jobId}/result', await send().get(`/jobs/${batchId}-0/result`));
    const waited = await send().get(`/jobs/${batchId}-0`).set('Prefer', 'wait=0');
    expectDocumented('get', '/jobs/{jobId}', waited);
    expect(waited.headers['preference-applied']).toBe('wait=0');
    const stop = takeJobs(redis, async ({ index, originalName }) => {
      if (index === 1) throw new UnrecoverableError('truncated JPEG');
      return madeUpResult(originalName);
    });
    await until(async () => (await send().get(`/batches/${batchId}`)).body.status === 'completed-with-errors');
    expectDocumented('get', '/batches/{batchId}', await send().get(`/batches/${batchId}`));
    for (const index of [0, 1]) expectDocumented('get', '/jobs/{jobId}', await send().get(`/jobs/${batchId}-${index}`));
    const uploaded = send()
      .post('/process-images')
      .set('Prefer', 'wait=20')
      .attach('images', await small, 'a.jpg');
    const finished = await uploaded;
    expectDocumented('post', '/process-images', finished);
    expect(finished.body).toMatchObject({ totalFiles: 1, status: 'completed', files: [{ state: 'completed' }] });
    expect(finished.headers['retry-after']).toBeUndefined();
    await stop();

    // Nothing was really made, so the result is not there until the test puts it there.
    expectDocumented('get', '/jobs/{jobId}/result', await send().get(`/jobs/${batchId}-0/result`));
    await writeFile(join(app.processedDir, `processed-${batchId}-0.jpg`), await small);
    // To sign an address no server is asked.
    const bucket = { STORAGE_URL: 's3://bucket', STORAGE_REDIRECT: 'true' };
    const key = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
    const redirecting = supertest((await listeningApp(redis, { ...bucket, ...key })).server);
    for (const part of ['result', 'original']) {
      const path = `/jobs/{jobId}/${part}`;
      expectDocumented('get', path, await redirecting.get(`/jobs/${batchId}-0/${part}`));
      const get = () => send().get(`/jobs/${batchId}-0/${part}`);
      const whole = await get();
      expectDocumented('get', path, whole);
      expectDocumented('get', path, await get().set('Range', 'bytes=0-9'));
      expectDocumented('get', path, await get().set('Range', 'bytes=99999999-'));
      expectDocumented('get', path, await get().set('If-None-Match', whole.headers.etag ?? ''));
      expectDocumented('get', path, await get().set('If-Match', '"another"'));
      expectDocumented('get', path, await get().query({ unknown: '1' }));
    }
    expectDocumented('get', '/jobs/{jobId}/result', await send().get(`/jobs/${batchId}-1/result`));
    expectDocumented('get', '/jobs/{jobId}/result', await send().get(`/jobs/${batchId}-0/result?variant=x`));
    for (const [part, path] of [
      ['result', join(app.processedDir, `processed-${batchId}-0.jpg`)],
      ['original', join(app.uploadDir, batchId, '0')],
    ] as const) {
      // A folder in the file's place is what no reading can get past.
      await rename(path, `${path}.aside`);
      await mkdir(path);
      expectDocumented('get', `/jobs/{jobId}/${part}`, await send().get(`/jobs/${batchId}-0/${part}`));
      await rmdir(path);
      await rename(`${path}.aside`, path);
    }
    await rm(join(app.uploadDir, batchId, '1'));
    expectDocumented('get', '/jobs/{jobId}/original', await send().get(`/jobs/${batchId}-1/original`));
    expectDocumented('get', '/batches/{batchId}/archive', await send().get(`/batches/${batchId}/archive`));
    expectDocumented('get', '/batches/{batchId}/events', await send().get(`/batches/${batchId}/events`));
    expectDocumented('get', '/presets', await send().get('/presets'));
    const unknown = '550e8400-e29b-41d4-a716-446655440000';
    for (const id of [unknown, 'x', '%2e%2e']) {
      expectDocumented('get', '/batches/{batchId}', await send().get(`/batches/${id}`));
      expectDocumented('get', '/jobs/{jobId}', await send().get(`/jobs/${id}-0`));
      for (const part of ['result', 'original']) {
        expectDocumented('get', `/jobs/{jobId}/${part}`, await send().get(`/jobs/${id}-0/${part}`));
      }
      for (const part of ['archive', 'events']) {
        expectDocumented('get', `/batches/{batchId}/${part}`, await send().get(`/batches/${id}/${part}`));
      }
    }
    for (const path of ['/healthz', '/readyz']) expectDocumented('get', path, await send().get(path));
  });

  test('to what a route does not know', async () => {
    for (const [method, path, status, allow] of [
      ['get', '/nowhere', 404],
      ['get', '/batches', 404],
      ['get', '/process-images', 405, 'POST'],
      ['post', '/batches/x', 405, 'GET, HEAD, DELETE'],
      ['post', '/jobs/x', 405, 'GET, HEAD'],
      ['put', '/healthz', 405, 'GET, HEAD'],
      ['put', '/docs', 405, 'GET, HEAD'],
      ['get', '/batches/%E0%A4%A', 400],
    ] as const) {
      const answer = await send()[method](path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.headers.allow).toBe(allow);
      expect(problem.parse(answer.body).status).toBe(status);
    }
    const options = await send().options('/process-images');
    expect([options.status, options.headers.allow]).toEqual([204, 'POST']);
  });

  test('to a fault that nobody foresaw, without its internals', async () => {
    const broken = () => Promise.reject(new TypeError('secret of the inside'));
    const fails = () => {
      throw new TypeError('secret of the inside');
    };
    const parts = {
      queue: {
        ping: async () => {},
        checkBacklog: async () => {},
        readLoad: broken,
        claimKey: broken,
        addBatch: broken,
        isKnown: broken,
        readBatch: broken,
        readFile: broken,
        removeBatch: broken,
        sendCommand: broken,
        close: async () => {},
      },
      watcher: { readBatch: broken, watch: fails, waitFor: broken, close: () => {} },
      storage: {
        originals: { receive: broken, read: broken, find: fails, remove: broken },
        results: {
          write: broken,
          publish: broken,
          outputPath: fails,
          find: fails,
          read: broken,
          remove: broken,
          removeOfBatch: broken,
        },
        isRemote: false,
        identify: broken,
        checkRoom: async () => {},
        removeAbandoned: broken,
      },
      storageCheck: confirmedStorage,
      limits: loadConfig(environment()),
      access: loadConfig(environment()),
      optionRules: { presets: {}, presetsOnly: false },
      logger: silent,
    };
    const faulty = supertest(createApp(parts));
    const picture = await small;
    const answers: [string, string, Answer][] = [
      ['post', '/process-images', await faulty.post('/process-images').attach('images', picture, 'a.jpg')],
    ];
    for (const path of ['/batches/{batchId}', '/batches/{batchId}/archive', '/batches/{batchId}/events']) {
      answers.push(['get', path, await faulty.get(path.replace('{batchId}', batchId))]);
    }
    answers.push(['delete', '/batches/{batchId}', await faulty.delete(`/batches/${batchId}`)]);
    for (const path of ['/jobs/{jobId}', '/jobs/{jobId}/result', '/jobs/{jobId}/original']) {
      answers.push(['get', path, await faulty.get(path.replace('{jobId}', `${batchId}-0`))]);
    }
    for (const [method, path, answer] of answers) {
      expectDocumented(method, path, answer);
      expect(answer.status).toBe(500);
      expect(JSON.stringify(answer.body)).not.toContain('secret');
      expect((answer.body as { detail: string }).detail).toContain(answer.headers['x-request-id']);
    }
    for (const code of ['STORAGE_FULL', 'STORAGE_UNAVAILABLE'] as const) {
      const receive = async () => {
        throw new ServiceError(code, 'no room', { headers: { 'Retry-After': '60' } });
      };
      const crowded = supertest(
        createApp({ ...parts, storage: { ...parts.storage, originals: { ...parts.storage.originals, receive } } }),
      );
      const answer = await crowded.post('/process-images').attach('images', picture, 'a.jpg');
      expectDocumented('post', '/process-images', answer);
      expect(answer.body.code).toBe(code);
    }
    const require = () => {
      throw new ServiceError('STORAGE_UNAVAILABLE', 'not identified', { headers: { 'Retry-After': '2' } });
    };
    const unconfirmed = supertest(createApp({ ...parts, storageCheck: { require } }));
    expectDocumented('get', '/readyz', await unconfirmed.get('/readyz'));
    const found = {
      owner: undefined,
      removedAt: undefined,
      value: { ...examples.batches.completed, createdAt: new Date(), files: [] },
    };
    const removeBatch = () =>
      Promise.reject(new ServiceError('STORAGE_UNAVAILABLE', 'no disk', { headers: { 'Retry-After': '10' } }));
    const stuck = supertest(
      createApp({ ...parts, queue: { ...parts.queue, readBatch: async () => found, removeBatch } }),
    );
    expectDocumented('delete', '/batches/{batchId}', await stuck.delete(`/batches/${batchId}`));
  });

  test('to an upload that is sent again', async () => {
    const post = (key: string, name = 'a.jpg') =>
      small.then((picture) =>
        send().post('/process-images').set('Idempotency-Key', key).attach('images', picture, name),
      );
    expectDocumented('post', '/process-images', await post('a b'));
    const first = await post('"key of this test"');
    expect(first.status).toBe(202);
    const again = await post('"key of this test"');
    expectDocumented('post', '/process-images', again);
    expect([again.body, again.headers['idempotent-replayed']]).toEqual([first.body, 'true']);
    expectDocumented('post', '/process-images', await post('"key of this test"', 'another.jpg'));
    const many = await Promise.all(Array.from({ length: 5 }, () => post('at-once')));
    for (const answer of many) expectDocumented('post', '/process-images', answer);
    expect(many.map(({ status }) => status)).toContain(409);
  });

  test('to a batch that is removed', async () => {
    const { batchId: gone } = (
      await send()
        .post('/process-images')
        .attach('images', await small, 'a.jpg')
    ).body;
    const paths = ['/batches/{batchId}', '/batches/{batchId}/archive', '/batches/{batchId}/events'];
    const jobPaths = ['/jobs/{jobId}', '/jobs/{jobId}/result', '/jobs/{jobId}/original'];
    const removed = await send().delete(`/batches/${gone}`);
    expectDocumented('delete', '/batches/{batchId}', removed);
    expect(removed.status).toBe(204);
    for (const path of [...paths, ...jobPaths]) {
      const answer = await send().get(path.replace('{batchId}', gone).replace('{jobId}', `${gone}-0`));
      expectDocumented('get', path, answer);
      expect(answer.body).toMatchObject({ code: 'BATCH_REMOVED', removedAt: expect.any(String) });
    }
    expectDocumented('delete', '/batches/{batchId}', await send().delete(`/batches/${gone}`));
    expectDocumented('delete', '/batches/{batchId}', await send().delete(`/batches/${uuid()}`));
  });

  test('to whom has no key, or comes too often', async () => {
    const keys = { API_KEYS: `someone:${'0'.repeat(64)}` };
    const closed = supertest((await listeningApp(redis, keys)).server);
    const busy = supertest((await listeningApp(redis, { RATE_LIMIT_REQUESTS: '1' })).server);
    await busy.get('/presets');
    for (const [path, operations] of Object.entries(document.paths)) {
      if (path === '/healthz' || path === '/readyz') continue;
      for (const method of Object.keys(operations) as ('get' | 'post' | 'delete')[]) {
        for (const [app, status] of [
          [closed, 401],
          [busy, 429],
        ] as const) {
          const answer = await app[method](path);
          expect([path, answer.status]).toEqual([path, status]);
          expectDocumented(method, path, answer);
        }
      }
    }
  });

  test('to an event stream beyond those that a client may hold', async () => {
    const { url } = await listeningApp(redis, { MAX_HELD_REQUESTS: '1' });
    const { batchId } = (
      await send()
        .post('/process-images')
        .attach('images', await small, 'a.jpg')
    ).body;
    const held = await fetch(`${url}/batches/${batchId}/events`);
    const answer = await supertest(url).get(`/batches/${batchId}/events`);
    expectDocumented('get', '/batches/{batchId}/events', answer);
    expect(answer.body.code).toBe('TOO_MANY_STREAMS');
    await held.body?.cancel();
  });

  test('to an upload that does not arrive', async () => {
    const { url } = await listeningApp(redis, { REQUEST_TIMEOUT_SECONDS: '1' });
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': '1000' };
    const asking = request(`${url}/process-images`, { method: 'POST', headers });
    asking.on('error', () => {});
    asking.flushHeaders();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    const documented = { status: answer.statusCode ?? 0, headers: answer.headers as Record<string, string> };
    expectDocumented('post', '/process-images', { ...documented, body: JSON.parse(await text(answer)) });
    expect(documented.status).toBe(408);
  });

  test('to uploads for which there is no room', async () => {
    for (const [setting, code] of [
      [{ MAX_BACKLOG: '1' }, 'BACKLOG_FULL'],
      [{ MIN_FREE_DISK: String(2 ** 49) }, 'DISK_LOW'],
    ] as const) {
      const full = supertest((await listeningApp(redis, setting)).server);
      const answer = await full.post('/process-images').attach('images', await small, 'a.jpg');
      expectDocumented('post', '/process-images', answer);
      expect(answer.body.code).toBe(code);
    }
  });

  test('without Redis, and nothing is stored', async () => {
    const stored = await readdir(app.uploadDir);
    await redis.kill();
    await until(async () => (await send().get('/readyz')).status === 503);
    expectDocumented(
      'post',
      '/process-images',
      await send()
        .post('/process-images')
        .attach('images', await small, 'a.jpg'),
    );
    expectDocumented('get', '/batches/{batchId}', await send().get(`/batches/${batchId}`));
    expectDocumented('delete', '/batches/{batchId}', await send().delete(`/batches/${batchId}`));
    expectDocumented('get', '/jobs/{jobId}', await send().get(`/jobs/${batchId}-0`));
    for (const part of ['result', 'original']) {
      expectDocumented('get', `/jobs/{jobId}/${part}`, await send().get(`/jobs/${batchId}-0/${part}`));
    }
    for (const part of ['archive', 'events']) {
      expectDocumented('get', `/batches/{batchId}/${part}`, await send().get(`/batches/${batchId}/${part}`));
    }
    expectDocumented('get', '/readyz', await send().get('/readyz'));
    expect((await send().get('/healthz')).status).toBe(200);
    expect(await readdir(app.uploadDir)).toEqual(stored);
    // Back, so that everything can take its leave.
    await redis.restart();
  });

  test('and none was left out', () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.entries(responses).flatMap(([status, { content }]) => {
          const codes = Object.keys(content?.['application/problem+json']?.examples ?? { '': '' });
          return codes.map((code) => `${method} ${path} ${status} ${code}`);
        }),
      ),
    );
    expect([...seen].sort()).toEqual(documented.sort());
  });
});

test('Swagger UI is there, and takes its document from the service', async () => {
  const page = await send().get('/docs/');
  expect(page.status).toBe(200);
  expect(page.text).toContain('swagger-ui');
  expect((await send().get('/docs/swagger-ui-init.js')).text).toContain('/openapi.json');
  expect((await send().get('/docs')).status).toBeLessThan(400);
});
