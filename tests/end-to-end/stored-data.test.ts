import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { Redis } from 'ioredis';
import type { BatchResponse } from '../../src/api/views/status.ts';
import { openLocalStorage } from '../../src/storage/local/local-storage.ts';
import { onCleanup } from '../support/cleanup.ts';
import { runCleanupJob } from '../support/cleanup-job.ts';
import { batchEnd, form, readBatch, readJob, upload } from '../support/client.ts';
import { breakOptions, damages } from '../support/damaged-jobs.ts';
import { jpeg } from '../support/images.ts';
import { type TestProcess, until } from '../support/processes.ts';
import { ownService } from '../support/service.ts';
import { storedNames } from '../support/whole.ts';

type Service = Awaited<ReturnType<typeof ownService>>;
const small = () => jpeg(64, 64);

function connect({ redis }: Pick<Service, 'redis'>): Redis {
  const admin = new Redis(redis.url);
  onCleanup(() => admin.disconnect());
  return admin;
}

/** Files and Redis keys of a batch, except the note that it was removed. */
async function kept({ uploadDir, processedDir }: Service, admin: Redis, batchId: string): Promise<string[]> {
  const keys = await admin.keys(`{images}:*${batchId}*`);
  const files = [...(await readdir(uploadDir)), ...(await readdir(processedDir))];
  return [...keys.filter((key) => !key.startsWith('{images}:removed:')), ...files.filter((f) => f.includes(batchId))];
}

/** Uploads two files with two results each, and waits until both have ended. */
async function endedBatch(api: string, admin: Redis): Promise<string> {
  const body = form([
    ['a.jpg', await small()],
    ['b.jpg', await small()],
  ]);
  body.append('variants', '[{"name":"x","format":"webp"},{"name":"y","format":"original"}]');
  const accepted = await fetch(`${api}/process-images`, { method: 'POST', body });
  const { batchId } = (await accepted.json()) as { batchId: string };
  expect((await batchEnd(api, batchId)).status).toBe('completed');
  await until(() => admin.zscore('{images}:batches:completed', batchId));
  return batchId;
}

const ask = async (url: string, init?: RequestInit) => {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, problem: text.startsWith('{') ? JSON.parse(text) : {} };
};
const remove = (api: string, batchId: string) => ask(`${api}/batches/${batchId}`, { method: 'DELETE' });

describe('stored data that cannot be read', () => {
  let service: Service;
  let admin: Redis;
  let url: string;
  beforeAll(async () => {
    service = await ownService({ RETENTION_HOURS: '0.5', WORKER_CONCURRENCY: '1' });
    admin = connect(service);
    ({ url } = await service.startApi());
  });

  test('of a waiting job: it fails at once, its batch ends and expires, and other batches are processed', async () => {
    const both = async () => upload(url, ['a.jpg', await small()], ['b.jpg', await small()]);
    const broken = { file: await both(), shape: await both(), ids: await both(), batch: await both() };
    const neighbour = await both();
    await admin.hset(`{images}:images:${broken.file}-0`, 'data', '{"batchId":');
    await admin.hset(`{images}:images:${broken.shape}-0`, 'data', '[null]');
    // Its data names the neighbour's file.
    const data = String(await admin.hget(`{images}:images:${neighbour}-0`, 'data'));
    await admin.hset(`{images}:images:${broken.ids}-0`, 'data', data.replace('"a.jpg"', '"c.jpg"'));
    await admin.hset(`{images}:batches:${broken.batch}`, 'data', '{');
    const worker = await service.startWorker();

    expect((await batchEnd(url, neighbour)).status).toBe('completed');
    await until(async () => (await admin.zcard('{images}:batches:completed')) === 5);
    expect(worker.output().match(/stored job cannot be read/g)).toHaveLength(2);
    const reason = await admin.hget(`{images}:images:${broken.file}-0`, 'failedReason');
    expect(reason).toBe('INTERNAL: The service cannot read what it stored about this file. Upload it again.');
    for (const batchId of [broken.file, broken.shape, broken.batch]) {
      expect((await ask(`${url}/batches/${batchId}`)).status).toBe(500);
    }
    // The ids of a job count, not those in its data.
    const { files } = await batchEnd(url, broken.ids);
    expect(files).toMatchObject([{ originalName: 'c.jpg', state: 'completed' }, { originalName: 'b.jpg' }]);
    expect((await storedNames(service.processedDir)).filter((name) => name.includes(broken.ids))).toHaveLength(2);

    for (const batchId of Object.values(broken)) await admin.zadd('{images}:batches:completed', 1, batchId);
    await runCleanupJob(admin);
    for (const batchId of Object.values(broken)) expect(await kept(service, admin, batchId)).toEqual([]);
    expect((await readBatch(url, neighbour)).status).toBe('completed');
  });

  describe('of an ended batch', () => {
    let worker: TestProcess;
    let neighbour: string;
    beforeAll(async () => {
      worker = await service.startWorker();
      neighbour = await endedBatch(url, admin);
    });

    /** Every resource of the neighbour is available. */
    async function expectNeighbour(): Promise<void> {
      expect((await readBatch(url, neighbour, { headers: { Prefer: 'wait=30' } })).status).toBe('completed');
      for (const path of [
        `batches/${neighbour}/events`,
        `batches/${neighbour}/archive`,
        `jobs/${neighbour}-0/result`,
        'metrics',
      ]) {
        expect([path, (await ask(`${url}/${path}`)).status]).toEqual([path, 200]);
      }
    }

    test.each(Object.entries(damages))('%s: 500 of that batch alone, and it can be deleted', async (_, damage) => {
      const batchId = await endedBatch(url, admin);
      await damage(admin, batchId);
      for (const path of ['', '/events', '/archive']) {
        const { status, problem } = await ask(`${url}/batches/${batchId}${path}`, { headers: { Prefer: 'wait=30' } });
        expect([path, status, problem.code]).toEqual([path, 500, 'INTERNAL_ERROR']);
        expect(problem.detail).toContain(`DELETE /batches/${batchId}`);
      }
      // The other file's job is whole.
      expect(await readJob(url, `${batchId}-1`)).toMatchObject({ state: 'completed' });
      await expectNeighbour();

      expect((await remove(url, batchId)).status).toBe(204);
      expect(await ask(`${url}/batches/${batchId}`)).toMatchObject({ status: 410, problem: { code: 'BATCH_REMOVED' } });
      expect(await kept(service, admin, batchId)).toEqual([]);
      await expectNeighbour();
    });

    test('broken options of an ended job: the status does not need them, and it can be deleted', async () => {
      const batchId = await endedBatch(url, admin);
      await breakOptions(admin, batchId);
      expect((await readBatch(url, batchId)).status).toBe('completed');
      expect((await remove(url, batchId)).status).toBe(204);
      expect(await kept(service, admin, batchId)).toEqual([]);
    });

    test('responds 500 for a job whose data cannot be read', async () => {
      const batchId = await endedBatch(url, admin);
      await admin.hset(`{images}:images:${batchId}-0`, 'data', '{');
      for (const path of ['', '/result', '/original']) {
        const { status, problem } = await ask(`${url}/jobs/${batchId}-0${path}`);
        expect([path, status, problem.code]).toEqual([path, 500, 'INTERNAL_ERROR']);
      }
      expect((await remove(url, batchId)).status).toBe(204);
    });

    test('each such batch still expires, with its files', async () => {
      const ways = [undefined, ...Object.values(damages), breakOptions, undefined];
      const old = await Promise.all(
        ways.map(async (damage) => {
          const batchId = await endedBatch(url, admin);
          await damage?.(admin, batchId);
          return batchId;
        }),
      );
      for (const [index, batchId] of old.entries()) await admin.zadd('{images}:batches:completed', index, batchId);
      await runCleanupJob(admin);
      for (const batchId of old) {
        expect(await kept(service, admin, batchId)).toEqual([]);
        expect((await ask(`${url}/batches/${batchId}`)).status).toBe(410);
      }
      expect((await readBatch(url, neighbour)).status).toBe('completed');
      const results = await storedNames(service.processedDir);
      expect(results.filter((name) => name.includes(neighbour))).toHaveLength(4);
      expect(worker.output()).not.toContain('could not be removed');
    });

    test('a broken record of a removal does not block other removals', async () => {
      const [removed, expired] = [await endedBatch(url, admin), await endedBatch(url, admin)];
      expect((await remove(url, removed)).status).toBe(204);
      await admin.set(`{images}:removed:${removed}`, '{"removedAt');
      expect(await ask(`${url}/batches/${removed}`)).toMatchObject({ status: 410, problem: { code: 'BATCH_REMOVED' } });
      expect((await remove(url, removed)).status).toBe(410);

      // A worker that lost its job stored this result later.
      const { results } = openLocalStorage({ ...service, minFreeDiskBytes: 0 });
      await results.publish(await results.write(Buffer.from('late'), `${removed}-7`, 'png'), `${removed}-7`, 'png');
      const newer = { batchId: removed, begunAt: 0, results: { shape: 'of a newer version' }, further: true };
      await admin.del('{images}:removing');
      await admin.zadd('{images}:removing', 1, '{"batchId":', 2, '[]', 3, JSON.stringify(newer));
      await admin.zadd('{images}:incoming', 1, '../escape', 2, '');
      // A batch that BullMQ lists and whose job does not exist.
      const ghost = crypto.randomUUID();
      await admin.zadd('{images}:batches:completed', 1, expired, 2, ghost);
      await runCleanupJob(admin);
      expect(await kept(service, admin, expired)).toEqual([]);
      expect(await kept(service, admin, removed)).toEqual([]);
      expect(await admin.zrange('{images}:incoming', '0', '-1')).toEqual([]);
      const ended = await admin.zrange('{images}:batches:completed', '0', '-1');
      expect([expired, ghost].filter((batchId) => ended.includes(batchId))).toEqual([]);
      // In an hour the sweeper looks again for results that a worker may still store.
      const left = await admin.zrange('{images}:removing', '0', '-1');
      expect(left.map((member) => JSON.parse(member).batchId)).toEqual([expired, ghost]);
      expect(worker.output()).toContain('sweep finished');
    });
  });
});

describe('a batch with an owner that cannot be read', () => {
  const hashed = (key: string) => createHash('sha256').update(key).digest('hex');
  const as = (name: string, method = 'GET') => ({ method, headers: { 'X-API-Key': `key-of-${name}` } });
  let admin: Redis;
  let url: string;
  beforeAll(async () => {
    const service = await ownService({ API_KEYS: `alice:${hashed('key-of-alice')},bob:${hashed('key-of-bob')}` });
    admin = connect(service);
    ({ url } = await service.startApi());
  });

  async function uploadAsAlice(): Promise<string> {
    const body = form([['a.jpg', await small()]]);
    const accepted = await fetch(`${url}/process-images`, { ...as('alice', 'POST'), body });
    return ((await accepted.json()) as BatchResponse).batchId;
  }

  test('ends its streams and waiting requests', async () => {
    const batch = `${url}/batches/${await uploadAsAlice()}`;
    const events = await fetch(`${batch}/events`, as('alice'));
    const waiting = ask(batch, { headers: { ...as('alice').headers, Prefer: 'wait=60' } });
    await admin.hset(`{images}:batches:${batch.slice(-36)}`, 'data', '{');
    expect(await events.text()).not.toContain('event: done');
    expect((await waiting).status).toBe(500);
  });

  test('can be deleted by its owner, and is 404 for others', async () => {
    for (const [name, damage] of Object.entries(damages)) {
      // There is no result to damage yet.
      if (name.includes('result')) continue;
      const batchId = await uploadAsAlice();
      await damage(admin, batchId);
      const batch = `${url}/batches/${batchId}`;
      const job = `${url}/jobs/${batchId}-0`;
      const statuses = [];
      for (const [path, init] of [
        [batch, as('bob')],
        [job, as('bob')],
        [batch, as('bob', 'DELETE')],
        [batch, as('alice')],
        [batch, as('alice', 'DELETE')],
        [batch, as('alice')],
        [batch, as('bob')],
      ] as const) {
        statuses.push((await ask(path, init)).status);
      }
      expect([name, ...statuses]).toEqual([name, 404, 404, 404, 500, 204, 410, 404]);
    }
  });
});
