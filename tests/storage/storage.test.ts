import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { openLocalStorage } from '../../src/storage/local/local-storage.ts';
import { INCOMING } from '../../src/storage/s3/originals.ts';
import type { LargeOriginal, ResultId, Storage, StoredFile } from '../../src/storage/storage.ts';
import { toReadError, toStorageError } from '../../src/storage/storage-error.ts';
import { temporaryFolder } from '../support/cleanup.ts';
import { until } from '../support/processes.ts';
import { describeWithBucket, keysIn, openTestBucket, startBucket, type TestBucket } from '../support/s3.ts';

const batchId = '550e8400-e29b-41d4-a716-446655440000';
const otherId = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
const pieces = (...texts: string[]) => Readable.from(texts.map((text) => Buffer.from(text)));

/**
 * Tests the behaviour that all storages share.
 *
 * @param open opens an empty storage; its `settled` waits until background deletions have finished
 */
function storageTests(open: () => Promise<Storage & { settled(): Promise<unknown> }>): void {
  const text = async (reading: ReturnType<Storage['originals']['read']>) =>
    Buffer.from((await reading) as Uint8Array).toString();
  /** Uploads one file. */
  async function store({ originals }: Storage, content: string, id = batchId) {
    const incoming = await originals.receive();
    await incoming.add(0, pieces(content), 0);
    await incoming.commit(id);
    return incoming;
  }

  test('originals are readable only after the commit, byte for byte', async () => {
    const { originals } = await open();
    const incoming = await originals.receive();
    expect(await incoming.add(0, pieces('o', 'ne ', 'image'), 3)).toEqual({ size: 9, head: Buffer.from('one') });
    expect(await incoming.add(1, pieces('other'), 9)).toEqual({ size: 5, head: Buffer.from('other') });
    await expect(originals.read(batchId, 0)).rejects.toMatchObject({ code: 'FILE_GONE' });
    await incoming.commit(batchId);
    expect(await text(originals.read(batchId, 0))).toBe('one image');
    expect(await text(originals.read(batchId, 1))).toBe('other');
  });

  test('a copied original stays when its batch is deleted, and a missing one is FILE_GONE', async () => {
    const { originals } = await open();
    await store({ originals } as Storage, 'shared');
    const copy = await originals.receive();
    await copy.copy(0, batchId, 0);
    await copy.commit(otherId);
    await originals.remove(batchId);
    expect(await text(originals.read(otherId, 0))).toBe('shared');
    const missing = await originals.receive();
    await expect(missing.copy(0, batchId, 0)).rejects.toMatchObject({ code: 'FILE_GONE' });
    await missing.discard();
  });

  test('one original can be removed, and others stay', async () => {
    const { originals } = await open();
    const incoming = await originals.receive();
    for (const index of [0, 1]) await incoming.add(index, pieces(`file ${index}`), 0);
    await incoming.commit(batchId);
    for (const index of [0, 0, 7]) await originals.removeFile(batchId, index);
    await expect(originals.read(batchId, 0)).rejects.toMatchObject({ code: 'FILE_GONE' });
    expect(await text(originals.read(batchId, 1))).toBe('file 1');
    await originals.removeFile(otherId, 0);
  });

  test('a file can be added to a batch, replaces an earlier one, and is not readable before its end', async () => {
    const { originals } = await open();
    await (await originals.receive()).commit(batchId);
    expect(await originals.add(batchId, 0, pieces('o', 'ne'), 2)).toEqual({ size: 3, head: Buffer.from('on') });
    async function* broken() {
      yield Buffer.from('half');
      await expect(text(originals.read(batchId, 1))).rejects.toMatchObject({ code: 'FILE_GONE' });
      throw new Error('the connection broke');
    }
    await expect(originals.add(batchId, 1, broken(), 0)).rejects.toThrow('the connection broke');
    await expect(originals.read(batchId, 1)).rejects.toMatchObject({ code: 'FILE_GONE' });
    await originals.add(batchId, 0, pieces('two'), 0);
    expect(await text(originals.read(batchId, 0))).toBe('two');
    await originals.remove(batchId);
    await expect(originals.read(batchId, 0)).rejects.toMatchObject({ code: 'FILE_GONE' });
  });

  test('reads an original of more than 64 MiB through a file, which leaves nothing behind', async () => {
    const { originals } = await open();
    await (await originals.receive()).commit(batchId);
    const piece = randomBytes(1024 * 1024);
    await originals.add(batchId, 0, Readable.from(Array<Buffer>(64).fill(piece)), 0);
    expect(await originals.read(batchId, 0)).toBeInstanceOf(Uint8Array);
    await originals.add(batchId, 0, Readable.from(Array<Buffer>(65).fill(piece)), 0);
    const large = (await originals.read(batchId, 0)) as LargeOriginal;
    expect((await stat(large.path)).size).toBe(65 * piece.length);
    await large.close();
    expect(existsSync(large.path)).toBe('path' in originals.find(batchId, 0));
  });

  test('originals keep every byte of a large file that arrives in small pieces', async () => {
    const { originals } = await open();
    const incoming = await originals.receive();
    const whole = randomBytes(12_000_001);
    const many = Array.from({ length: 121 }, (_, index) => whole.subarray(index * 100_000, (index + 1) * 100_000));
    expect(await incoming.add(0, Readable.from(many), 200_000)).toEqual({
      size: whole.length,
      head: whole.subarray(0, 200_000),
    });
    await incoming.commit(batchId);
    expect(whole.equals((await originals.read(batchId, 0)) as Uint8Array)).toBe(true);
  });

  test('discarding originals deletes them before and after the commit, but not those of other batches', async () => {
    const storage = await open();
    await store(storage, 'theirs', otherId);
    const early = await storage.originals.receive();
    await early.add(0, pieces('x'), 0);
    await early.discard();
    const late = await store(storage, 'x');
    await late.discard();
    await expect(storage.originals.read(batchId, 0)).rejects.toMatchObject({ code: 'FILE_GONE' });
    await storage.settled();
    expect(await storage.removeUnfinished(Date.now() + 1e9)).toBe(0);
    expect(await text(storage.originals.read(otherId, 0))).toBe('theirs');
  });

  test('a second commit with the same batch id does not replace or delete the first originals, and leaves nothing unfinished', async () => {
    const storage = await open();
    await store(storage, 'old');
    const second = await store(storage, 'new');
    await storage.settled();
    expect(await storage.removeUnfinished(Date.now() + 1e9)).toBe(0);
    await second.discard();
    expect(await text(storage.originals.read(batchId, 0))).toBe('old');
  });

  test('deleting originals can be repeated', async () => {
    const storage = await open();
    await store(storage, 'mine');
    await store(storage, 'theirs', otherId);
    for (let time = 0; time < 2; time += 1) await storage.originals.remove(batchId);
    await expect(storage.originals.read(batchId, 0)).rejects.toMatchObject({ code: 'FILE_GONE' });
    expect(await text(storage.originals.read(otherId, 0))).toBe('theirs');
  });

  test('an aborted upload rejects with the error of its stream', async () => {
    const { originals } = await open();
    const incoming = await originals.receive();
    const broken = new Readable({ read() {} });
    const adding = incoming.add(0, broken, 0);
    broken.push('some');
    broken.destroy(new Error('hung up'));
    await expect(adding).rejects.toThrow('hung up');
  });

  test('results are readable once they are published, and replace an earlier result', async () => {
    const { results } = await open();
    for (const content of ['first', 'second']) {
      const written = await results.write(Buffer.from(content), `${batchId}-0`, 'jpeg', 'small');
      await results.publish(written, `${batchId}-0`, 'jpeg', 'small');
      expect((await buffer(await results.read(`${batchId}-0`, 'jpeg', 'small'))).toString()).toBe(content);
    }
    expect(results.outputPath(`${batchId}-0`, 'jpeg', 'small')).toMatch(
      new RegExp(`/processed-${batchId}-0-small.jpg$`),
    );
    const missing = async () => buffer(await results.read(`${batchId}-0`, 'jpeg'));
    await expect(missing()).rejects.toThrow();
  });

  test('a copied result stays when the other is replaced or deleted, and can be copied again', async () => {
    const { results } = await open();
    const publish = async (content: string) =>
      results.publish(await results.write(Buffer.from(content), 'one', 'jpeg', 'small'), 'one', 'jpeg', 'small');
    const copied = async () => (await buffer(await results.read('other', 'jpeg', 'small'))).toString();
    await publish('first');
    for (let time = 0; time < 2; time += 1) await results.copy('one', 'other', 'jpeg', 'small');
    await publish('second');
    expect(await copied()).toBe('first');
    await results.copy('one', 'other', 'jpeg', 'small');
    await results.remove('one', 'jpeg', 'small');
    expect(await copied()).toBe('second');
    await expect(results.copy('one', 'other', 'jpeg', 'small')).rejects.toThrow();
    expect(await copied()).toBe('second');
  });

  test('deleting a result can be repeated', async () => {
    const { results } = await open();
    await results.publish(await results.write(Buffer.from('x'), 'id', 'png'), 'id', 'png');
    for (let time = 0; time < 2; time += 1) await results.remove('id', 'png');
    await expect((async () => buffer(await results.read('id', 'png')))()).rejects.toThrow();
  });

  test('has one unique id, even if several processes create it at the same time', async () => {
    const [storage, other] = [await open(), await open()];
    const [proposed, otherProposed] = [randomUUID(), randomUUID()];
    const identify = () => storage.identify(async () => proposed);
    // A process that reads the id while another process creates it may fail, and has to retry.
    const first = await Promise.allSettled(Array.from({ length: 5 }, identify));
    const ids = await identify();
    for (const outcome of first) if (outcome.status === 'fulfilled') expect(outcome.value).toEqual(ids);
    const others = await other.identify(async () => otherProposed);
    expect(new Set([...ids, ...others].map(({ id }) => id)).size).toBe(2 * ids.length);
    expect(await storage.removeUnfinished(Date.now() + 1e9)).toBe(0);
    expect(await storage.identify(async () => randomUUID())).toEqual(ids);
  });

  test('deletes all results of a batch by its id, and no others', async () => {
    const { results } = await open();
    await results.removeOfBatch(batchId);
    const made: ResultId[] = [
      [`${batchId}-0`, 'jpeg'],
      [`${batchId}-0`, 'webp', 'small'],
      [`${batchId}-12`, 'jxl'],
      [`${otherId}-0`, 'png'],
    ];
    for (const result of made) await results.publish(await results.write(Buffer.from('x'), ...result), ...result);
    await results.removeOfBatch(batchId);
    for (const [index, result] of made.entries()) {
      const reading = (async () => (await buffer(await results.read(...result))).toString())();
      if (index < 3) await expect(reading).rejects.toThrow();
      else expect(await reading).toBe('x');
    }
  });

  test('deletes only unfinished files that are old', async () => {
    const storage = await open();
    await store(storage, 'committed');
    const written = await storage.results.write(Buffer.from('published'), 'id', 'jpeg');
    await storage.results.publish(written, 'id', 'jpeg');
    await storage.settled();
    const unfinished = await storage.originals.receive();
    await unfinished.add(0, pieces('unfinished'), 0);
    expect(await storage.removeUnfinished()).toBe(0);
    expect(await storage.removeUnfinished(Date.now() + 2 * 60 * 60 * 1000)).toBe(1);
    expect(await text(storage.originals.read(batchId, 0))).toBe('committed');
    expect((await buffer(await storage.results.read('id', 'jpeg'))).toString()).toBe('published');
    await expect(unfinished.commit(otherId)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
}

describe('local storage', () => {
  storageTests(async () => {
    const [uploadDir, processedDir] = [await temporaryFolder(), await temporaryFolder()];
    return { ...openLocalStorage({ uploadDir, processedDir, minFreeDiskBytes: 0 }), settled: async () => {} };
  });
});

describeWithBucket('S3 storage', () => {
  let bucket: TestBucket;
  beforeAll(async () => {
    bucket = await startBucket();
  });

  storageTests(async () => {
    const settings = { STORAGE_URL: `s3://images/${randomUUID()}` };
    const settled = () => until(async () => (await keysIn(bucket, settings, INCOMING)).length === 0);
    return { ...openTestBucket(bucket, settings), settled };
  });

  const stored = async (more: Record<string, string> = {}): Promise<StoredFile> => {
    const { results } = openTestBucket(bucket, more);
    await results.write(Buffer.from('0123456789'), 'id', 'jpeg');
    return results.find('id', 'jpeg');
  };

  test('reads a whole file or a range of it', async () => {
    const file = await stored();
    if (!('open' in file)) throw new Error('the file cannot be opened');
    const whole = await file.open();
    expect([whole.length, whole.range, (await buffer(whole.content)).toString()]).toEqual([
      10,
      undefined,
      '0123456789',
    ]);
    const part = await file.open('bytes=2-4');
    expect([part.length, part.range, (await buffer(part.content)).toString()]).toEqual([3, 'bytes 2-4/10', '234']);
    await expect(file.open('bytes=50-')).rejects.toMatchObject({ status: 416 });
  });

  test('signs a URL for a file with its type and name, and refuses any other URL', async () => {
    const file = await stored({ STORAGE_REDIRECT: 'true' });
    if (!('sign' in file)) throw new Error('the file has no signed URL');
    const response = { method: 'GET', type: 'image/jpeg', disposition: 'attachment; filename="a.jpg"' } as const;
    const url = await file.sign({ ...response, expiresAt: undefined });
    const sent = await fetch(url);
    expect(await sent.text()).toBe('0123456789');
    expect(sent.headers.get('content-type')).toBe('image/jpeg');
    expect(sent.headers.get('content-disposition')).toBe('attachment; filename="a.jpg"');
    expect((await fetch(url.replace(/\?.*/, ''))).ok).toBe(false);
    expect((await fetch(url.replace('a.jpg', 'b.jpg'))).status).toBe(403);
    const secondsOf = async (expiresAt: number) =>
      Number(new URL(await file.sign({ ...response, expiresAt })).searchParams.get('X-Amz-Expires'));
    expect(await secondsOf(Date.now() + 3_600_000)).toBe(300);
    expect(await secondsOf(Date.now() + 60_000)).toBeLessThanOrEqual(60);
    expect(await secondsOf(Date.now())).toBe(1);
  });

  test('fails with STORAGE_UNAVAILABLE while the server is down, and works again after its restart', async () => {
    const { originals, results } = openTestBucket(bucket);
    await bucket.kill();
    const incoming = await originals.receive();
    await expect(incoming.add(0, pieces('x'), 0)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    await expect(results.write(Buffer.from('x'), 'id', 'jpeg')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await bucket.restart();
    await results.write(Buffer.from('x'), 'id', 'jpeg');
  });
});

test.each([
  ['ENOSPC', 'STORAGE_FULL', 507],
  ['EDQUOT', 'STORAGE_FULL', 507],
  ['QuotaExceeded', 'STORAGE_FULL', 507],
  ['AccessDenied', 'STORAGE_UNAVAILABLE', 503],
])('maps %s to %s', (name, code, status) => {
  expect(toStorageError('store the upload', Object.assign(new Error(), { name }))).toMatchObject({ code, status });
});

describe('a failure of the file system', () => {
  const failWith = (code: string) => Object.assign(new Error(), { code });

  test.each(['EROFS', 'EACCES', 'EPERM', 'EIO', 'ENODEV', 'ESTALE', 'EMFILE', 'ENFILE'])(
    'is temporary for %s, on writes and reads',
    (code) => {
      const expected = { code: 'STORAGE_UNAVAILABLE', isTemporary: true, retryAfterSeconds: 10 };
      expect(toStorageError('store the result', failWith(code))).toMatchObject(expected);
      expect(toReadError(failWith(code))).toMatchObject(expected);
    },
  );

  test.each(['ENOSPC', 'EDQUOT'])('is STORAGE_FULL for %s', (code) => {
    const expected = { code: 'STORAGE_FULL', isTemporary: true, retryAfterSeconds: 60 };
    expect(toStorageError('store the result', failWith(code))).toMatchObject(expected);
  });

  test.each(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'])(
    'is not temporary for %s, which concerns a single path',
    (code) => {
      const expected = { code: 'STORAGE_UNAVAILABLE', isTemporary: false };
      expect(toStorageError('store the result', failWith(code))).toMatchObject(expected);
    },
  );
});
